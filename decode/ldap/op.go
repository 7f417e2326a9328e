package ldap

// Op is a protocol operation: the choice of protocolOp in an LDAPMessage
// (RFC 4511 4.1.1 and appendix B). Its zero value is none.
type Op uint8

// The operations of RFC 4511 4.2 to 4.13.
const (
	_ Op = iota // zero: not set
	BindRequest
	BindResponse
	UnbindRequest
	SearchRequest
	SearchResultEntry
	SearchResultDone
	SearchResultReference
	ModifyRequest
	ModifyResponse
	AddRequest
	AddResponse
	DelRequest
	DelResponse
	ModifyDNRequest
	ModifyDNResponse
	CompareRequest
	CompareResponse
	AbandonRequest
	ExtendedRequest
	ExtendedResponse
	IntermediateResponse
	NumOps
)

var opNames = [NumOps]string{
	"", "bind_request", "bind_response", "unbind_request", "search_request", "search_result_entry", "search_result_done",
	"search_result_reference", "modify_request", "modify_response", "add_request", "add_response", "del_request", "del_response",
	"modify_dn_request", "modify_dn_response", "compare_request", "compare_response", "abandon_request", "extended_request",
	"extended_response", "intermediate_response",
}

// String gives the operation's name in snake case, as metrics label it.
func (o Op) String() string { return opNames[o] }

// FromClient says which side may send o (RFC 4511 4.1.1): the tag alone tells
// a message's direction.
func (o Op) FromClient() bool {
	switch o {
	case BindRequest, UnbindRequest, SearchRequest, ModifyRequest, AddRequest, DelRequest, ModifyDNRequest, CompareRequest,
		AbandonRequest, ExtendedRequest:
		return true
	default:
		return false
	}
}
