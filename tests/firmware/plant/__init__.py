"""What stands around a gateway under test: the operator, the broker, the meters, the stages."""
