/* eslint-disable */
import * as types from './graphql';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "fragment Card on Customer {\n  id\n  wallet {\n    id\n    balances {\n      id\n      available\n    }\n  }\n}\n\nquery LookUp($by: CustomerBy!) {\n  customer(by: $by) {\n    ...Card\n  }\n}\n\nquery Check($by: CustomerBy!, $basket: BasketInput!) {\n  basketCheck(customer: $by, basket: $basket) {\n    decision {\n      outcome\n      points {\n        points\n      }\n    }\n  }\n}\n\nmutation Enrol($input: EnrolCustomerInput!) {\n  enrolCustomer(input: $input) {\n    balances {\n      id\n      available\n    }\n    customer {\n      ...Card\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Buy($input: RecordPurchaseInput!) {\n  recordPurchase(input: $input) {\n    balances {\n      id\n      available\n    }\n    decision {\n      outcome\n      summary\n    }\n    purchase {\n      id\n      externalId\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Redeem($input: RedeemRewardInput!) {\n  redeemReward(input: $input) {\n    balances {\n      id\n      available\n    }\n    redemption {\n      id\n      state\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Refund($input: RecordRefundInput!) {\n  recordRefund(input: $input) {\n    balances {\n      id\n      available\n    }\n    cash {\n      amount\n      currencyCode\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Undo($input: CancelRedemptionInput!) {\n  cancelRedemption(input: $input) {\n    balances {\n      id\n      available\n    }\n    redemption {\n      id\n      state\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}": typeof types.CardFragmentDoc,
};
const documents: Documents = {
    "fragment Card on Customer {\n  id\n  wallet {\n    id\n    balances {\n      id\n      available\n    }\n  }\n}\n\nquery LookUp($by: CustomerBy!) {\n  customer(by: $by) {\n    ...Card\n  }\n}\n\nquery Check($by: CustomerBy!, $basket: BasketInput!) {\n  basketCheck(customer: $by, basket: $basket) {\n    decision {\n      outcome\n      points {\n        points\n      }\n    }\n  }\n}\n\nmutation Enrol($input: EnrolCustomerInput!) {\n  enrolCustomer(input: $input) {\n    balances {\n      id\n      available\n    }\n    customer {\n      ...Card\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Buy($input: RecordPurchaseInput!) {\n  recordPurchase(input: $input) {\n    balances {\n      id\n      available\n    }\n    decision {\n      outcome\n      summary\n    }\n    purchase {\n      id\n      externalId\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Redeem($input: RedeemRewardInput!) {\n  redeemReward(input: $input) {\n    balances {\n      id\n      available\n    }\n    redemption {\n      id\n      state\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Refund($input: RecordRefundInput!) {\n  recordRefund(input: $input) {\n    balances {\n      id\n      available\n    }\n    cash {\n      amount\n      currencyCode\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Undo($input: CancelRedemptionInput!) {\n  cancelRedemption(input: $input) {\n    balances {\n      id\n      available\n    }\n    redemption {\n      id\n      state\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}": types.CardFragmentDoc,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment Card on Customer {\n  id\n  wallet {\n    id\n    balances {\n      id\n      available\n    }\n  }\n}\n\nquery LookUp($by: CustomerBy!) {\n  customer(by: $by) {\n    ...Card\n  }\n}\n\nquery Check($by: CustomerBy!, $basket: BasketInput!) {\n  basketCheck(customer: $by, basket: $basket) {\n    decision {\n      outcome\n      points {\n        points\n      }\n    }\n  }\n}\n\nmutation Enrol($input: EnrolCustomerInput!) {\n  enrolCustomer(input: $input) {\n    balances {\n      id\n      available\n    }\n    customer {\n      ...Card\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Buy($input: RecordPurchaseInput!) {\n  recordPurchase(input: $input) {\n    balances {\n      id\n      available\n    }\n    decision {\n      outcome\n      summary\n    }\n    purchase {\n      id\n      externalId\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Redeem($input: RedeemRewardInput!) {\n  redeemReward(input: $input) {\n    balances {\n      id\n      available\n    }\n    redemption {\n      id\n      state\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Refund($input: RecordRefundInput!) {\n  recordRefund(input: $input) {\n    balances {\n      id\n      available\n    }\n    cash {\n      amount\n      currencyCode\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}\n\nmutation Undo($input: CancelRedemptionInput!) {\n  cancelRedemption(input: $input) {\n    balances {\n      id\n      available\n    }\n    redemption {\n      id\n      state\n    }\n    userErrors {\n      code\n      message\n    }\n  }\n}"): typeof import('./graphql').CardFragmentDoc;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
