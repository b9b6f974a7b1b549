"""Whether a running unittest has failed: what a cleanup asks before it prints logs."""


def has_failed(test):
    result = test._outcome.result
    return any(failed is test or getattr(failed, "test_case", None) is test for failed, _ in result.errors + result.failures)
