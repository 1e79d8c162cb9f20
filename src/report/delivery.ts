/** How one attempt to deliver a report ended. A problem is one sentence for the log; it never holds a secret. */
export type Delivery =
  | { readonly kind: 'delivered' }
  /** Not now. `afterMs`: the receiver asked for at least this long; 0 where it did not say. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly problem: string }
  /** Never: the receiver refuses this very report. */
  | { readonly kind: 'dropped'; readonly problem: string }
  /** Nothing more goes to this receiver until the configuration changes; the report is kept. */
  | { readonly kind: 'stopped'; readonly problem: string };

export type DeliveryResult = Delivery['kind'];
