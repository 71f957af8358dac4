// Package keyset keeps the keys of one issuer: a cache in front of a JWK set over
// HTTPS that survives attack and outage. [Remote] serves [jose.Verifier] and, as an
// oidc.KeySet, go-oidc's verifier.
//
// What a caller can rely on:
//
//   - A known kid costs no lock, no fetch and no allocation; a bad signature under a
//     known kid causes no fetch either. kids are public, so anybody could send those.
//     An issuer that exchanges a key and keeps its kid is noticed at the next refresh.
//     Of keys that share a kid the first that fits the token's algorithm counts.
//   - An unknown kid is looked for in a set that is no older than 5 s. Fetches start at
//     least that far apart, so a flood of unknown kids causes two in 10 s at most, and a
//     new key is accepted within one round trip on a quiet day and within 5 s right after
//     a flood. Nobody waits for a fetch to be permitted: a kid that a set just fetched
//     does not list is unknown.
//   - While the issuer fails, it is asked less often: every 30 s at least if there are
//     keys to go on with, so a new key is accepted by then after an outage; without,
//     from 1 s apart, backing off to 8 s, so that everybody gets in within 10 s.
//   - A kid that a fetch did not find is remembered for 30 s, at most 1,024 of them, so
//     that one stray client does not keep fetches going. The set itself is always looked
//     at first, so this can delay only a key that was asked for before it was published.
//   - A fetch belongs to nobody's request: it runs under its own timeout, callers that
//     need it share it, and one that gives up harms no other.
//   - Keys are refreshed in the background once they are stale (stale-while-revalidate),
//     used on when the issuer is down, and refused after a hard limit, so that keys
//     withdrawn during an outage do not live for ever. A key that the issuer withdraws
//     verifies until max-age has passed and the refresh is done that the next use of
//     any key starts; in a process that nobody uses, that next use may come late, but
//     not after the hard limit.
//   - An answer that is no good (not 200, no JWK set, too large, without any usable
//     key) never replaces one that was.
package keyset
