"""The parts of ``benchmarks.serve``, and what they share: photos, a site with them, servers on one core, load from another."""
