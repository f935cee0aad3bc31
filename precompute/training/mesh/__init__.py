"""The recipe of the dense mesh: shots of the booth and looks past faces -> 478 points and a presence like the teacher's."""
