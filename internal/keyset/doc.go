// Package keyset keeps the keys of one issuer: a cache in front of what it publishes
// over HTTPS that survives attack and outage. Both of its types serve [jose.Verifier]:
// [Remote] where an issuer lists all its keys in a JWK set, at a known address or where
// its discovery document says (and, as an oidc.KeySet, go-oidc's verifier); [PerKey]
// where each key has an address of its own, as AWS's load balancers have it.
//
// What a caller can rely on with both:
//
//   - A known kid costs no lock, no fetch and no allocation; a bad signature under a
//     known kid causes no fetch either. kids are public, so anybody could send those.
//     An issuer that exchanges a key and keeps its kid is noticed at the next refresh.
//   - A fetch belongs to nobody's request: it runs under its own timeout, callers that
//     need it share it, and one that gives up harms no other.
//   - Keys are refreshed in the background once they are stale (stale-while-revalidate),
//     used on when the issuer is down, and refused after a hard limit, so that keys
//     withdrawn during an outage do not live for ever. A key that the issuer withdraws
//     verifies until it is stale and the refresh is done that its next use starts (with
//     Remote: the next use of any key); in a process that nobody uses, that next use may
//     come late, but not after the hard limit.
//   - An answer that is no good (not 200, not what was asked for, too large, a redirect,
//     without any usable key) never replaces one that was.
//   - Configuration alone decides where requests go: nothing in a token does, but a kid
//     that PerKey has found to be a UUID, and no redirect does. With Config.Issuer the
//     issuer's own document decides where its key set is.
//
// Of [Remote]:
//
//   - An unknown kid is looked for in a set that is no older than 5 s. Fetches start at
//     least that far apart, so a flood of unknown kids causes two in 10 s at most, and a
//     new key is accepted within one round trip on a quiet day and within 5 s right after
//     a flood. Nobody waits for a fetch to be permitted: a kid that a set just fetched
//     does not list is unknown. A fetch by discovery is two requests, one after the other.
//   - While the issuer fails, it is asked less often: every 30 s at least if there are
//     keys to go on with, so a new key is accepted by then after an outage; without,
//     from 1 s apart, backing off to 8 s, so that everybody gets in within 10 s.
//   - A kid that a fetch did not find is remembered for 30 s, at most 1,024 of them, so
//     that one stray client does not keep fetches going. The set itself is always looked
//     at first, so this can delay only a key that was asked for before it was published.
//   - Of keys that share a kid the first that fits the token's algorithm counts.
//
// Of [PerKey], where no answer tells about any kid but its own:
//
//   - At most 10 fetches start in any second, 2 of which only refreshes of known keys may
//     use, so that a flood of unknown kids cannot carry those to their hard limit. Beyond
//     that an unknown kid is [ErrUnavailable] at once. A new key competes with a flood for
//     as long as it lasts, and is accepted within a second or so after it; whoever can
//     refuse a token for something cheaper than its key should do that first.
//   - A kid without a key (403 or 404) is unknown for 60 s; one whose fetch failed
//     otherwise is unavailable for 1 s, backing off to 8 s, or 30 s if the key is known
//     and used on meanwhile. At most 1,024 kids are remembered so.
//   - At most 64 keys are known. When another comes, the one goes that nobody has asked
//     for for longest, if that is an hour or more, else the one that came last: keys that
//     are in use stay, whatever others exist.
package keyset
