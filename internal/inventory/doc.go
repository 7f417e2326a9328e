// Package inventory keeps what detect notes in a database, by day and by
// sensor, so that it outlives a restart and one report can be made of a fleet.
//
// A Store is the database: SQLite, or PostgreSQL. It is written in parts, a day
// of what one run has read; each part holds sums, so that writing it twice
// counts once. A Keeper is given what the workers note, and owns the only
// goroutine that waits for the database. Inventories that are handed over are
// not changed any more by anybody. Nothing here reads packets or flags.
package inventory
