/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** A purchase that has no receipt yet. */
export type BasketInput = {
  /** Where it would be bought. */
  channel?: Channel | null | undefined;
  /** ISO 4217; default the program's. Another one needs `exchangeRate`, or is rejected with RATE_MISSING. */
  currencyCode?: string | null | undefined;
  /** How many units of the program's currency one unit of `currencyCode` is worth: above 0, at most 1,000,000 with 12 decimals, as text. Only where that is another currency; otherwise rejected with INVALID_INPUT. */
  exchangeRate?: string | null | undefined;
  /** The lines, at most 500; may be empty. */
  lines: Array<PurchaseLineInput>;
  /** Opaque id of the location where it would be bought, whose wall clock the rules go by; default none, and the program's zone. */
  locationId?: string | null | undefined;
  /** The time to judge it at; default now. */
  occurredAt?: string | null | undefined;
  /** How it would be paid, or for a reward how its cash part is paid, for clauses that ask; at most 20. Default: unknown, and then no method of payment counts as used. */
  payments?: Array<PaymentInput> | null | undefined;
};

/** A redemption to cancel. */
export type CancelRedemptionInput = {
  /** Your key for this request, 1 to 100 characters: repeated with the same input, it is carried out once and gets the same result. */
  idempotencyKey: string;
  /** Why, 1 to 500 characters; it stands in the ledger, where the customer sees it. Owner and staff have to say it. */
  reason?: string | null | undefined;
  /** Opaque id of a redemption that was paid for. Owner and staff can cancel it, with a reason; a till the one that it handed over last, for 10 minutes; customers one of theirs that is ISSUED, for as long as the terms of the redemption allow. One that paid a purchase comes back with the refund of that purchase. */
  redemption: string;
  /** Whether the shop was at fault: then points that come back past their last valid day can be spent for 14 more days, to the end of the last of them. For owner and staff. */
  shopAtFault?: boolean;
};

/** Where a purchase was made. */
export type Channel =
  /** In a web shop or app. */
  | 'ONLINE'
  /** By telephone. */
  | 'PHONE'
  /** In a shop. */
  | 'STORE';

/** A customer, by id or by one of their identities. */
export type CustomerBy =
  {   /** Card number; spaces, dashes and case do not matter, and the zeros in front of a number with a GS1 check digit. */
  card: string; email?: never; externalId?: never; id?: never; phone?: never; token?: never; }
  |  { card?: never;   /** E-mail address; case does not matter. */
  email: string; externalId?: never; id?: never; phone?: never; token?: never; }
  |  { card?: never; email?: never;   /** Id in another system, exact but for the space around it. */
  externalId: string; id?: never; phone?: never; token?: never; }
  |  { card?: never; email?: never; externalId?: never;   /** Opaque id. */
  id: string; phone?: never; token?: never; }
  |  { card?: never; email?: never; externalId?: never; id?: never;   /** Telephone number in digits, spaced as you like, without an extension; without a country code, the program's region. */
  phone: string; token?: never; }
  |  { card?: never; email?: never; externalId?: never; id?: never; phone?: never;   /** Token of an app or QR code, exact but for the space around it. */
  token: string; };

/** What a decision came to. */
export type DecisionOutcome =
  /** In full. */
  | 'GRANTED'
  /** A purchase is recorded, or would be, and brings neither points nor stamps; the reasons say why. A purchase is never refused. */
  | 'NOTHING_EARNED'
  /** In part: a cap, a budget or the balance took part of it; the reasons say which. */
  | 'PARTLY_GRANTED'
  /** Not granted; the reasons name every condition that failed. */
  | 'REFUSED';

/** A customer to enrol. */
export type EnrolCustomerInput = {
  /** The date of birth, from 1900 to today, where the customer tells it. */
  birthday?: string | null | undefined;
  /** Your key for this request, 1 to 100 characters: repeated with the same input, it is carried out once and gets the same result. */
  idempotencyKey: string;
  /** 1 to 10, each new in the program. The customer accepts the terms in force. */
  identities: Array<IdentityInput>;
  /** The language to address the customer in. */
  locale?: string | null | undefined;
  /** What the customer states, at most 50. */
  preferences?: Array<PreferenceInput> | null | undefined;
};

/** Something to recognise the customer by. */
export type IdentityInput =
  {   /** Card number, 1 to 64 characters. */
  card: string; email?: never; externalId?: never; phone?: never; token?: never; }
  |  { card?: never;   /** E-mail address. */
  email: string; externalId?: never; phone?: never; token?: never; }
  |  { card?: never; email?: never;   /** Id in another system. */
  externalId: string; phone?: never; token?: never; }
  |  { card?: never; email?: never; externalId?: never;   /** Telephone number in digits, spaced as you like, without an extension; without a country code, the program's region. */
  phone: string; token?: never; }
  |  { card?: never; email?: never; externalId?: never; phone?: never;   /** Token of an app or QR code. */
  token: string; };

/** What a line of a receipt is. */
export type LineKind =
  /** A deposit. */
  | 'DEPOSIT'
  /** A gift card that is bought. */
  | 'GIFT_CARD'
  /** Goods or services. */
  | 'GOODS'
  /** Reward goods: they earn nothing. */
  | 'REWARD'
  /** Postage and packing. */
  | 'SHIPPING'
  /** A tip. */
  | 'TIP';

/** What was paid with what. The order of payments does not matter. */
export type PaymentInput = {
  /** How much, in the purchase's currency, above 0. */
  amount: string;
  /** What it was paid with. */
  kind: PaymentKind;
};

/** What a purchase was paid with. */
export type PaymentKind =
  /** A payment card. */
  | 'CARD'
  /** Cash. */
  | 'CASH'
  /** A gift card; what it pays for earns. */
  | 'GIFT_CARD'
  /** Anything else. */
  | 'OTHER'
  /** Points; what they pay for earns nothing. */
  | 'POINTS';

/** Something that a customer likes, eats or wears. */
export type PreferenceInput = {
  /** The subject of the preference. */
  kind: PreferenceKind;
  /** In the customer's spelling, 1 to 60 characters. */
  value: string;
};

/** What a preference is about. */
export type PreferenceKind =
  /** What the customer eats, such as vegan. */
  | 'DIET'
  /** What the customer likes: a category of goods. */
  | 'FAVOURITE_CATEGORY'
  /** The size that the customer takes. */
  | 'SIZE';

/** A purchase, by id or by its receipt. */
export type PurchaseBy =
  {   /** The receipt's number, where that is enough. What fits several receipts is rejected with RECEIPT_AMBIGUOUS. */
  externalId: string; id?: never; receipt?: never; }
  |  { externalId?: never;   /** Opaque id. */
  id: string; receipt?: never; }
  |  { externalId?: never; id?: never;   /** The receipt's number with what tells it apart. */
  receipt: ReceiptBy; };

/** A receipt. */
export type PurchaseInput = {
  /** Where it was made. */
  channel?: Channel | null | undefined;
  /** Which completion of the order this is, from 1 (the default) to 1,000. An order that came back whole can be completed again under its number, with the next completion; anything else is rejected with ORDER_NOT_CANCELLED. */
  completion?: number | null | undefined;
  /** ISO 4217; default the program's. Another one needs `exchangeRate`, or is rejected with RATE_MISSING. */
  currencyCode?: string | null | undefined;
  /** How many units of the program's currency one unit of `currencyCode` is worth: above 0, at most 1,000,000 with 12 decimals, as text. Only where that is another currency; otherwise rejected with INVALID_INPUT. It is kept with the purchase: what the purchase earns and what a refund takes back go by it. */
  exchangeRate?: string | null | undefined;
  /** The receipt's number, 1 to 200 characters; case and leading zeros count, the space around it and what is invisible do not. `Program.receiptNumbers` says within what it is used once. Sent again, it is recorded once. */
  externalId: string;
  /** The lines, 1 to 500. */
  lines: Array<PurchaseLineInput>;
  /** Opaque id of the location it was made at, whose wall clock the rules go by; default none, and the program's zone. */
  locationId?: string | null | undefined;
  /** Business time; default now. At most 5 minutes ahead of the program's clock. Needed where receipt numbers begin anew each day. */
  occurredAt?: string | null | undefined;
  /** At most 20. */
  payments?: Array<PurchasePaymentInput> | null | undefined;
  /** The source of the receipt numbers; default `program`, which all keys and imports share. There is no other source yet: any other is FORBIDDEN. */
  source?: string | null | undefined;
};

/** One line of a receipt, as paid: voided items are not on it. */
export type PurchaseLineInput = {
  /** The categories it belongs to, at most 20, spelled as receipt numbers are; rules refer to them. */
  categories?: Array<string> | null | undefined;
  /** Taken off the whole line, in the purchase's currency; at most the line's price. */
  discount?: string | null | undefined;
  /** What the line is; default GOODS. */
  kind?: LineKind | null | undefined;
  /** What the receipt calls it, at most 200 characters. */
  name?: string | null | undefined;
  /** Number of items or measure, above 0, at most 1,000,000 with 3 decimals, as text. */
  quantity: string;
  /** The shop's code of the article, 1 to 200 characters, spelled as receipt numbers are. */
  sku: string;
  /** Whether the price includes the tax; default true. */
  taxIncluded?: boolean | null | undefined;
  /** A fraction: 0.19 is 19 %. From 0 to 1. */
  taxRate?: string | null | undefined;
  /** Price of one, 0 to 1,000,000,000 in the purchase's currency, as text. */
  unitPrice: string;
};

/** How a part of a purchase was paid. */
export type PurchasePaymentInput = {
  /** How much, in the purchase's currency, above 0. */
  amount: string;
  /** What it was paid with. */
  kind: PaymentKind;
  /** With kind POINTS: the redemption whose points or stamps paid this part. It pays one purchase, once (REDEMPTION_SPENT); they come back in proportion when goods do, and money for the rest. Where a payment with points names no redemption, neither points nor money are given back for it: the system that took the points does that. */
  redemptionId?: string | null | undefined;
};

/** A receipt, by its number and where and when that was used. */
export type ReceiptBy = {
  /** The day of business on which it was made, by the clock of the location, from `Program.receiptDayStarts` on. */
  day?: string | null | undefined;
  /** The receipt's number. */
  externalId: string;
  /** Opaque id of the location where it was made. */
  locationId?: string | null | undefined;
  /** The source of the receipt numbers; default that of the program. Any other is FORBIDDEN. */
  source?: string | null | undefined;
};

/** A purchase to record. */
export type RecordPurchaseInput = {
  /** The customer who made the purchase. */
  customer: CustomerBy;
  /** Your key for this request, 1 to 100 characters: repeated with the same input, it is carried out once and gets the same result. */
  idempotencyKey: string;
  /** The receipt. */
  purchase: PurchaseInput;
};

/** A refund to record. */
export type RecordRefundInput = {
  /** How much of the whole price is given back without goods, above 0, in the purchase's currency; it is shared out to the lines by what they still come to. What points had paid of it comes back as points. Not with `lines`. */
  amount?: string | null | undefined;
  /** The refund's own number, 1 to 200 characters, spelled as receipt numbers are. It is used once within what `Program.receiptNumbers` says: at the location of the purchase, on the day of the refund. Sent again, it is recorded once; with another purchase or content it is rejected with RECEIPT_DIFFERS. */
  externalId?: string | null | undefined;
  /** Your key for this request, 1 to 100 characters: repeated with the same input, it is carried out once and gets the same result. */
  idempotencyKey: string;
  /** What comes back, each line once, at most 500; default everything that is left. */
  lines?: Array<RefundLineInput> | null | undefined;
  /** Business time; default now. Not before the purchase. Needed with a number where those begin anew each day. */
  occurredAt?: string | null | undefined;
  /** The purchase that is refunded. One that is not known yet by its receipt is waited for. */
  purchase: PurchaseBy;
  /** Why, at most 200 characters. */
  reason?: string | null | undefined;
};

/** A reward to redeem. */
export type RedeemRewardInput = {
  /** What is bought with it, for clauses that ask; its time must be now, except in a sandbox. Not with a key of the role CUSTOMER, whose basket nobody has checked. */
  basket?: BasketInput | null | undefined;
  /** The customer who pays with points or stamps. With a key of the role CUSTOMER only that customer. */
  customer: CustomerBy;
  /** Your key for this request, 1 to 100 characters: repeated with the same input, it is carried out once and gets the same result. */
  idempotencyKey: string;
  /** What for. */
  reward: RewardBy;
};

/** How far a redemption has come. */
export type RedemptionState =
  /** Let go before it was paid for, or cancelled after: points and stock are back. */
  | 'CANCELLED'
  /** The hold ran out: points and stock are back. */
  | 'EXPIRED'
  /** Paid for with points and handed over. */
  | 'FULFILLED'
  /** Points and stock are reserved for a checkout. */
  | 'HELD'
  /** Paid for with points by the customer, who still has to get it: see `fulfilRedemption`. */
  | 'ISSUED';

/** What is returned of one line. */
export type RefundLineInput = {
  /** How much of the line's price is given back without goods, above 0, in the purchase's currency, at most what is left of the line's price; the part paid with points is restored as points. Not with `quantity`. */
  amount?: string | null | undefined;
  /** The line's number on the purchase, from 1. */
  line: number;
  /** How much comes back, above 0, at most 1,000,000 with 3 decimals; default all that is left of the line, without `amount`. */
  quantity?: string | null | undefined;
};

/** A reward, by id or by the owner's key. */
export type RewardBy =
  {   /** Opaque id. */
  id: string; key?: never; }
  |  { id?: never;   /** The owner's name for it. */
  key: string; };

/** Technical problems: nothing was written and no points were touched. The list is closed, in order of precedence. */
export type UserErrorCode =
  /** It is above what this access key may do at once, in a day or to one receipt; `detail` says how much that is, and the owner can do it. */
  | 'ABOVE_LIMIT'
  /** The access key was revoked, has expired, or was replaced already: create a new one, or rotate its successor. */
  | 'ACCESS_KEY_ENDED'
  /** The program has no such access key, or it is not for the caller. */
  | 'ACCESS_KEY_NOT_FOUND'
  /** The reward was handed over before; that is done once. */
  | 'ALREADY_FULFILLED'
  /** The customer was merged with another one before. */
  | 'ALREADY_MERGED'
  /** It was reversed before; that is done once. */
  | 'ALREADY_REVERSED'
  /** It was booked or dismissed before; that is done once. */
  | 'ALREADY_SETTLED'
  /** What was redeemed was handed over: its customer cannot cancel it any more, owner and staff can. */
  | 'ALREADY_USED'
  /** The balance would grow beyond 2,147,483,647 points. */
  | 'AMOUNT_OUT_OF_RANGE'
  /** The birthday is known already, and a customer cannot change it: staff can. */
  | 'BIRTHDAY_KNOWN'
  /** `occurredAt` lies where it cannot be: more than 5 minutes ahead, older than the program takes from a till, or before what it follows. A purchase, refund or exchange of the first two kinds is kept: `quarantined` says as what. */
  | 'CLOCK_SKEW'
  /** No customer of this program is known by that. */
  | 'CUSTOMER_NOT_FOUND'
  /** The program has no such hold. */
  | 'HOLD_NOT_FOUND'
  /** The key was used before with another mutation or another input. */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** The identity belongs to a customer already. */
  | 'IDENTITY_TAKEN'
  /** A card, phone number, e-mail or token is malformed. */
  | 'INVALID_IDENTITY'
  /** A value cannot be used; `path` leads to it. */
  | 'INVALID_INPUT'
  /** The program has no such location. */
  | 'LOCATION_NOT_FOUND'
  /** A location with this key or name exists; `path` says which of them. */
  | 'LOCATION_TAKEN'
  /** The lines or quantities to refund are not there any more. */
  | 'NOTHING_TO_REFUND'
  /** A till can cancel only what it handed over last, for 10 minutes; customers can as the terms of the redemption say. Owner and staff can, with a reason. */
  | 'NOT_CANCELLABLE'
  /** The clause is known, but this version of Troth does not enforce it, so it cannot be published. */
  | 'NOT_ENFORCED_YET'
  /** The transfer or adjustment by staff takes more points or stamps than there are. */
  | 'NOT_ENOUGH_POINTS'
  /** The redemption was issued to its customer and pays nothing before it is handed over: see `fulfilRedemption`. */
  | 'NOT_FULFILLED'
  /** The hold is over: captured, released or run out. */
  | 'NOT_HELD'
  /** Something of the purchase came back, it was handed out in an exchange, or points of its customer paid a part of it: it stays with that customer. */
  | 'NOT_MOVABLE'
  /** Only the last version can be withdrawn, before it starts. */
  | 'NOT_WITHDRAWABLE'
  /** No version of the terms was in force at that time. */
  | 'NO_TERMS_IN_FORCE'
  /** Only an order that came back whole is completed again, and each time with the next number of `completion`. */
  | 'ORDER_NOT_CANCELLED'
  /** Somebody else than the given customer had bought what comes back. */
  | 'OTHER_CUSTOMER'
  /** The last one is gone. */
  | 'OUT_OF_STOCK'
  /** The access key is tied to a customer who holds that wallet: nobody does anything by hand for a card of their own. */
  | 'OWN_CARD'
  /** The purchase of this refund or exchange has not arrived yet: it waits for that, and nothing is booked before. */
  | 'PENDING_DEPENDENCY'
  /** No impact preview of this program is known by that; ended ones are forgotten after some newer ones. */
  | 'PREVIEW_NOT_FOUND'
  /** No purchase of this program is known by that. */
  | 'PURCHASE_NOT_FOUND'
  /** Nothing in quarantine of this program is known by that. */
  | 'QUARANTINED_NOT_FOUND'
  /** The purchase is not in the program's currency and names no exchange rate; it is never taken for 1:1. */
  | 'RATE_MISSING'
  /** An adjustment, a transfer or a merge needs a reason of its own: `path` leads to it. */
  | 'REASON_MISSING'
  /** Several receipts have this number: say the location or the day as well. */
  | 'RECEIPT_AMBIGUOUS'
  /** A receipt, refund or checkout of this number is recorded already, with other contents. */
  | 'RECEIPT_DIFFERS'
  /** No redemption of this program is known by that. */
  | 'REDEMPTION_NOT_FOUND'
  /** The redemption has paid a purchase. It pays no other one, and comes back only with that purchase: refund it. */
  | 'REDEMPTION_SPENT'
  /** A reward with this key exists. */
  | 'REWARD_KEY_TAKEN'
  /** No reward of this program is known by that. */
  | 'REWARD_NOT_FOUND'
  /** The terms in force have no clause for this reward. */
  | 'REWARD_NOT_OFFERED'
  /** Both are the same customer. */
  | 'SAME_CUSTOMER'
  /** Only sandbox programs have a clock that can be moved. */
  | 'SANDBOX_ONLY'
  /** Another program of this deployment has this public name in addresses. */
  | 'SLUG_TAKEN'
  /** Three impact previews are queued or running; wait for one to end, or cancel it. */
  | 'TOO_MANY_PREVIEWS'
  /** A condition names a location that does not exist. */
  | 'UNKNOWN_LOCATION_IN_TERMS'
  /** A clause prices a reward that does not exist. */
  | 'UNKNOWN_REWARD_IN_TERMS'
  /** The reward has variants, `Reward.variants`, and none was chosen. They cannot be chosen yet. */
  | 'VARIANT_REQUIRED'
  /** Several customers share the wallet, which makes what is asked impossible. */
  | 'WALLET_SHARED';

export type CardFragment = { id: string, wallet: { id: string, balances: Array<{ id: string, available: number }> } };

export type LookUpQueryVariables = Exact<{
  by: CustomerBy;
}>;


export type LookUpQuery = { customer: { id: string, wallet: { id: string, balances: Array<{ id: string, available: number }> } } | null };

export type CheckQueryVariables = Exact<{
  by: CustomerBy;
  basket: BasketInput;
}>;


export type CheckQuery = { basketCheck: { decision: { outcome: DecisionOutcome, points: Array<{ points: number }> } } | null };

export type EnrolMutationVariables = Exact<{
  input: EnrolCustomerInput;
}>;


export type EnrolMutation = { enrolCustomer: { balances: Array<{ id: string, available: number }>, customer: { id: string, wallet: { id: string, balances: Array<{ id: string, available: number }> } } | null, userErrors: Array<
      | { code: UserErrorCode, message: string }
      | { code: UserErrorCode, message: string }
    > } | null };

export type BuyMutationVariables = Exact<{
  input: RecordPurchaseInput;
}>;


export type BuyMutation = { recordPurchase: { balances: Array<{ id: string, available: number }>, decision: { outcome: DecisionOutcome, summary: Array<string> } | null, purchase: { id: string, externalId: string } | null, userErrors: Array<
      | { code: UserErrorCode, message: string }
      | { code: UserErrorCode, message: string }
    > } | null };

export type RedeemMutationVariables = Exact<{
  input: RedeemRewardInput;
}>;


export type RedeemMutation = { redeemReward: { balances: Array<{ id: string, available: number }>, redemption: { id: string, state: RedemptionState } | null, userErrors: Array<
      | { code: UserErrorCode, message: string }
      | { code: UserErrorCode, message: string }
    > } | null };

export type RefundMutationVariables = Exact<{
  input: RecordRefundInput;
}>;


export type RefundMutation = { recordRefund: { balances: Array<{ id: string, available: number }>, cash: { amount: string, currencyCode: string } | null, userErrors: Array<
      | { code: UserErrorCode, message: string }
      | { code: UserErrorCode, message: string }
    > } | null };

export type UndoMutationVariables = Exact<{
  input: CancelRedemptionInput;
}>;


export type UndoMutation = { cancelRedemption: { balances: Array<{ id: string, available: number }>, redemption: { id: string, state: RedemptionState } | null, userErrors: Array<
      | { code: UserErrorCode, message: string }
      | { code: UserErrorCode, message: string }
    > } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const CardFragmentDoc = new TypedDocumentString(`
    fragment Card on Customer {
  id
  wallet {
    id
    balances {
      id
      available
    }
  }
}
    `, {"fragmentName":"Card"}) as unknown as TypedDocumentString<CardFragment, unknown>;
export const LookUpDocument = new TypedDocumentString(`
    query LookUp($by: CustomerBy!) {
  customer(by: $by) {
    ...Card
  }
}
    fragment Card on Customer {
  id
  wallet {
    id
    balances {
      id
      available
    }
  }
}`) as unknown as TypedDocumentString<LookUpQuery, LookUpQueryVariables>;
export const CheckDocument = new TypedDocumentString(`
    query Check($by: CustomerBy!, $basket: BasketInput!) {
  basketCheck(customer: $by, basket: $basket) {
    decision {
      outcome
      points {
        points
      }
    }
  }
}
    `) as unknown as TypedDocumentString<CheckQuery, CheckQueryVariables>;
export const EnrolDocument = new TypedDocumentString(`
    mutation Enrol($input: EnrolCustomerInput!) {
  enrolCustomer(input: $input) {
    balances {
      id
      available
    }
    customer {
      ...Card
    }
    userErrors {
      code
      message
    }
  }
}
    fragment Card on Customer {
  id
  wallet {
    id
    balances {
      id
      available
    }
  }
}`) as unknown as TypedDocumentString<EnrolMutation, EnrolMutationVariables>;
export const BuyDocument = new TypedDocumentString(`
    mutation Buy($input: RecordPurchaseInput!) {
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
    `) as unknown as TypedDocumentString<BuyMutation, BuyMutationVariables>;
export const RedeemDocument = new TypedDocumentString(`
    mutation Redeem($input: RedeemRewardInput!) {
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
    `) as unknown as TypedDocumentString<RedeemMutation, RedeemMutationVariables>;
export const RefundDocument = new TypedDocumentString(`
    mutation Refund($input: RecordRefundInput!) {
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
    `) as unknown as TypedDocumentString<RefundMutation, RefundMutationVariables>;
export const UndoDocument = new TypedDocumentString(`
    mutation Undo($input: CancelRedemptionInput!) {
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
    `) as unknown as TypedDocumentString<UndoMutation, UndoMutationVariables>;