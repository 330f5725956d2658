"""The promises on a Citus cluster: scripts/cluster-check runs these tests, with its URL in ZAVA_TEST_CLUSTER."""
