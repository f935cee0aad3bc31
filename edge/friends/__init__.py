"""Whose friend a viewer is: the set itself, and the places it may come from."""

from edge.friends.listed import NO_FRIENDS
from edge.friends.listed import Friends
from edge.friends.listed import is_user

__all__ = ["NO_FRIENDS", "Friends", "is_user"]
