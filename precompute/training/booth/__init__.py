"""The photo booth: pictures of people who do not exist, many faces in many poses, lights and cameras, and what teachers say of
them. Recognisers, the dense mesh and the attributes model are trained on these."""
