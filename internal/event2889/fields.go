package event2889

import "strings"

// field is what a column or name of an export means.
type field uint8

const (
	fieldNone field = iota
	fieldID
	fieldComputer
	fieldTime
	fieldClient
	fieldIdentity
	fieldKind
	fieldMessage
	fieldData
)

// fields are the names that exports use, without blanks and signs and in lower
// case: of PowerShell's event records, of Get-EventLog, of Event Viewer, of
// Winlogbeat, and those that people give columns themselves.
var fields = map[string]field{
	"id": fieldID, "eventid": fieldID, "eventcode": fieldID,
	"machinename": fieldComputer, "computer": fieldComputer, "computername": fieldComputer, "server": fieldComputer, "dc": fieldComputer,
	"domaincontroller": fieldComputer, "host": fieldComputer, "hostname": fieldComputer, "pscomputername": fieldComputer,
	"timecreated": fieldTime, "timegenerated": fieldTime, "time": fieldTime, "date": fieldTime, "dateandtime": fieldTime, "timestamp": fieldTime,
	"client": fieldClient, "clientip": fieldClient, "clientipaddress": fieldClient, "ip": fieldClient, "ipaddress": fieldClient, "address": fieldClient,
	"sourceip": fieldClient,
	"identity": fieldIdentity, "user": fieldIdentity, "username": fieldIdentity, "account": fieldIdentity, "accountname": fieldIdentity,
	"identitytheclientattemptedtoauthenticateas": fieldIdentity,
	"bindtype": fieldKind, "bindingtype": fieldKind, "type": fieldKind,
	"message": fieldMessage, "description": fieldMessage,
	"properties": fieldData, "replacementstrings": fieldData, "insertionstrings": fieldData,
}

// fieldOf gives the meaning of a name.
func fieldOf(name string) field {
	return fields[strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, name)]
}

// set notes the value of a field, unless one before it has told.
func (r *record) set(f field, value string) {
	at := map[field]*string{
		fieldID: &r.id, fieldComputer: &r.computer, fieldClient: &r.client, fieldIdentity: &r.identity, fieldKind: &r.kind, fieldMessage: &r.message,
	}[f]
	switch {
	case f == fieldTime && r.time.IsZero():
		r.time = readTime(value)
	case f == fieldData && len(r.data) == 0:
		r.data = strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(";|\n\r", c) })
	case at != nil && *at == "":
		*at = strings.TrimSpace(value)
	}
}
