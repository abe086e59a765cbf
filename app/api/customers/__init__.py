"""Who a customer is, and whose wallet they use."""
