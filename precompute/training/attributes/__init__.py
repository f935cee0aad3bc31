"""The recipe of the attributes model: shots of the booth -> gender and age like the teacher's."""
