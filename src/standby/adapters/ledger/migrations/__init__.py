"""The steps from one schema of the ledger to the next: one file each, numbered without gaps."""
