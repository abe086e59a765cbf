/**
 * @generated SignedSource<<59de56ebad374ce58648dd6533c3e9ae>>
 * @relayHash 839edd8cb90e4239ba77a4ad95ef2feb
 * @lightSyntaxTransform
 */

/* eslint-disable */

'use strict';

// @relayRequestID f59ae4d2c7d4e0859d0a3f8fe9a25989ff6a8747eee5c6a48ee3a54da807fd53

var node = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "by"
  }
],
v1 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
},
v2 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "by",
        "variableName": "by"
      }
    ],
    "concreteType": "Customer",
    "kind": "LinkedField",
    "name": "customer",
    "plural": false,
    "selections": [
      (v1/*:: as any*/),
      {
        "alias": null,
        "args": null,
        "concreteType": "Wallet",
        "kind": "LinkedField",
        "name": "wallet",
        "plural": false,
        "selections": [
          (v1/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "Balance",
            "kind": "LinkedField",
            "name": "balances",
            "plural": true,
            "selections": [
              (v1/*:: as any*/),
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "available",
                "storageKey": null
              }
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "TillLookUpQuery",
    "selections": (v2/*:: as any*/),
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "TillLookUpQuery",
    "selections": (v2/*:: as any*/)
  },
  "params": {
    "id": "f59ae4d2c7d4e0859d0a3f8fe9a25989ff6a8747eee5c6a48ee3a54da807fd53",
    "metadata": {},
    "name": "TillLookUpQuery",
    "operationKind": "query",
    "text": null
  }
};
})();

node.hash = "502cf05dc9717750ad72a4f128a47b7c";

export default node;
