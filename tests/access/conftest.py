"""What is asserted outside the test files explains itself as well."""

import pytest

pytest.register_assert_rewrite("tests.access.machine", "tests.access.watch", "tests.access.happening", "tests.access.pictures")
