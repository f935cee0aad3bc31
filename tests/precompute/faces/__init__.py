"""Tests of finding, replacing and measuring faces."""
