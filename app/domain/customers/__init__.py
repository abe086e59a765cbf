"""Who a customer is: identities, the profile, and what rules ask about them."""
