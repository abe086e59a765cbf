/**
 * @generated SignedSource<<56eeb344c382977e4b6491cd90dabf35>>
 * @relayHash 6cda9e71e6a1a054bbebcf7121c374a4
 * @lightSyntaxTransform
 */

/* eslint-disable */

'use strict';

// @relayRequestID f4ffab3d116f0b2e615be6511a709ec28f01c8a58a184a614be497dd89d833a2

var node = (function(){
var v0 = {
  "defaultValue": null,
  "kind": "LocalArgument",
  "name": "basket"
},
v1 = {
  "defaultValue": null,
  "kind": "LocalArgument",
  "name": "by"
},
v2 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "basket",
        "variableName": "basket"
      },
      {
        "kind": "Variable",
        "name": "customer",
        "variableName": "by"
      }
    ],
    "concreteType": "BasketCheck",
    "kind": "LinkedField",
    "name": "basketCheck",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "concreteType": "Decision",
        "kind": "LinkedField",
        "name": "decision",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "outcome",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "concreteType": "UnitPoints",
            "kind": "LinkedField",
            "name": "points",
            "plural": true,
            "selections": [
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "points",
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
    "argumentDefinitions": [
      (v0/*:: as any*/),
      (v1/*:: as any*/)
    ],
    "kind": "Fragment",
    "metadata": null,
    "name": "TillCheckQuery",
    "selections": (v2/*:: as any*/),
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": [
      (v1/*:: as any*/),
      (v0/*:: as any*/)
    ],
    "kind": "Operation",
    "name": "TillCheckQuery",
    "selections": (v2/*:: as any*/)
  },
  "params": {
    "id": "f4ffab3d116f0b2e615be6511a709ec28f01c8a58a184a614be497dd89d833a2",
    "metadata": {},
    "name": "TillCheckQuery",
    "operationKind": "query",
    "text": null
  }
};
})();

node.hash = "14bd379a704ef76569d6307b7e98a208";

export default node;
