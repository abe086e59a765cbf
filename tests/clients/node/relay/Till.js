// What a till asks on a day, as Relay wants it: the same documents as in ../../till.graphql, one fragment for the card.
graphql`
  fragment Till_card on Customer {
    id
    wallet {
      id
      balances {
        id
        available
      }
    }
  }
`;

graphql`
  query TillLookUpQuery($by: CustomerBy!) {
    customer(by: $by) {
      ...Till_card @relay(mask: false)
    }
  }
`;

graphql`
  query TillCheckQuery($by: CustomerBy!, $basket: BasketInput!) {
    basketCheck(customer: $by, basket: $basket) {
      decision {
        outcome
        points {
          points
        }
      }
    }
  }
`;

graphql`
  mutation TillEnrolMutation($input: EnrolCustomerInput!) {
    enrolCustomer(input: $input) {
      balances {
        id
        available
      }
      customer {
        ...Till_card @relay(mask: false)
      }
      userErrors {
        code
        message
      }
    }
  }
`;

graphql`
  mutation TillBuyMutation($input: RecordPurchaseInput!) {
    recordPurchase(input: $input) {
      balances {
        id
        available
      }
      decision {
        outcome
        summary
      }
      purchase {
        id
        externalId
      }
      userErrors {
        code
        message
      }
    }
  }
`;

graphql`
  mutation TillRedeemMutation($input: RedeemRewardInput!) {
    redeemReward(input: $input) {
      balances {
        id
        available
      }
      redemption {
        id
        state
      }
      userErrors {
        code
        message
      }
    }
  }
`;

graphql`
  mutation TillRefundMutation($input: RecordRefundInput!) {
    recordRefund(input: $input) {
      balances {
        id
        available
      }
      cash {
        amount
        currencyCode
      }
      userErrors {
        code
        message
      }
    }
  }
`;

graphql`
  mutation TillUndoMutation($input: CancelRedemptionInput!) {
    cancelRedemption(input: $input) {
      balances {
        id
        available
      }
      redemption {
        id
        state
      }
      userErrors {
        code
        message
      }
    }
  }
`;

// The ledger, page by page, as a screen of the app shows it.
graphql`
  fragment Till_ledger on Customer
  @refetchable(queryName: "TillLedgerPaginationQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 3 }, cursor: { type: "String" }) {
    ledger(first: $count, after: $cursor) @connection(key: "Till_ledger") {
      edges {
        node {
          id
          type
          points
        }
      }
    }
  }
`;

graphql`
  query TillLedgerQuery($by: CustomerBy!) {
    customer(by: $by) {
      id
      ...Till_ledger
    }
  }
`;
