/**
 * The columns of the table.
 *
 * @module
 */

/** The measured columns of a client. A value is `yes`, another short word, or `no: ` and a text. */
export interface Measured {
  /** The first JSON-RPC request, with its protocol version. */
  readonly begins: string;
  readonly logsIn: string;
  /** The scopes that the client asks for at the first login: `challenge`, `all` published or `none`. */
  readonly asks: string;
  readonly redirect: string;
  readonly calls: string;
  /** A tool that needs one more scope than every request, by a user who allows everything. */
  readonly callsWithScope: string;
  /** The same, by a user who declined that scope at the first login and allows it at a second. */
  readonly stepsUp: string;
  /** After the access token expired. */
  readonly refreshes: string;
  /** After the access token was revoked before its time; the refresh token is good. */
  readonly revoked: string;
  /** After the user was logged out. */
  readonly loggedOut: string;
  readonly outage1: string;
  readonly outage5: string;
  readonly outage30: string;
  /** After an outage at the start: whether a new session works without a login. */
  readonly afterOutage: string;
  readonly outageInSession: string;
  readonly restart: string;
  /** A login where the issuer has no path. */
  readonly bareIssuer: string;
  /** A login with a URL whose host is not that of the published `resource`. */
  readonly otherHost: string;
}

/** A client of which nothing is measured. */
export const NONE: Measured = {
  begins: "-",
  logsIn: "-",
  asks: "-",
  redirect: "-",
  calls: "-",
  callsWithScope: "-",
  stepsUp: "-",
  refreshes: "-",
  revoked: "-",
  loggedOut: "-",
  outage1: "-",
  outage5: "-",
  outage30: "-",
  afterOutage: "-",
  outageInSession: "-",
  restart: "-",
  bareIssuer: "-",
  otherHost: "-",
};
