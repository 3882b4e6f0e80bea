package windows

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// call is one call into Windows, with what is needed to tell of its failure.
type call struct {
	api    string
	target string
	right  string          // what the account needs for it, as the end of a sentence
	absent []windows.Errno // the numbers that say of this call that the thing asked for is not there
}

// refused makes of the call's error the reason why there is no answer. Only the numbers in
// absent become ErrAbsent.
func (c call) refused(err error) *platform.NoAnswer {
	var number windows.Errno
	var status windows.NTStatus
	switch {
	case errors.As(err, &status):
		number = status.Errno()
	case !errors.As(err, &number):
		return platform.Refuse(platform.ErrUnsupported, "%s %s: %v", c.api, c.target, err)
	case number == syscall.EINVAL || number == 0:
		// The error that x/sys makes of a call that failed without saying why.
		return platform.Refuse(platform.ErrUnsupported, "%s %s: it failed without an error number (0)", c.api, c.target)
	}
	// The number stands beside the text because the text comes in the language of the machine.
	text := strings.Join(strings.Fields(number.Error()), " ")
	no := &platform.NoAnswer{
		Reason: reason(number),
		Cause:  fmt.Sprintf("%s %s: %s (%d)", c.api, c.target, text, uint32(number)),
	}
	if slices.Contains(c.absent, number) {
		no.Reason = platform.ErrAbsent
	}
	switch {
	case !errors.Is(no, platform.ErrDenied):
	case number == windows.ERROR_SHARING_VIOLATION || number == windows.ERROR_LOCK_VIOLATION:
		no.Help = "Another program holds it open. Try again when that program has let go of it."
	default:
		no.Help = "Run siteready from an elevated prompt, as an account that may " + c.right + "."
	}
	return no
}

// malformed says that the call went well and brought what cannot be true.
func (c call) malformed(format string, args ...any) *platform.NoAnswer {
	return platform.Refuse(platform.ErrMalformed, "%s %s: %s", c.api, c.target, fmt.Sprintf(format, args...))
}

// reason sorts Windows' error numbers into the reasons why nobody could look. ErrAbsent is
// not among them: whether a number means absence depends on the call.
func reason(number windows.Errno) error {
	switch number {
	case windows.ERROR_ACCESS_DENIED,
		windows.ERROR_SHARING_VIOLATION,
		windows.ERROR_LOCK_VIOLATION,
		windows.ERROR_NETWORK_ACCESS_DENIED,
		windows.ERROR_INVALID_PASSWORD,
		windows.ERROR_ELEVATION_REQUIRED,
		windows.ERROR_PRIVILEGE_NOT_HELD,
		windows.ERROR_LOGON_FAILURE,
		windows.ERROR_ACCOUNT_RESTRICTION,
		windows.ERROR_PASSWORD_EXPIRED,
		windows.ERROR_ACCOUNT_DISABLED,
		windows.ERROR_LOGON_TYPE_NOT_GRANTED,
		windows.ERROR_PASSWORD_MUST_CHANGE,
		windows.ERROR_ACCOUNT_LOCKED_OUT:
		return platform.ErrDenied
	case windows.ERROR_FILE_NOT_FOUND, // of something that was there, or that leads to what was asked for
		windows.ERROR_PATH_NOT_FOUND,
		windows.ERROR_INVALID_DRIVE,
		windows.ERROR_NOT_READY,
		windows.ERROR_REM_NOT_LIST,
		windows.ERROR_BAD_NETPATH,
		windows.ERROR_NETWORK_BUSY,
		windows.ERROR_DEV_NOT_EXIST,
		windows.ERROR_ADAP_HDW_ERR,
		windows.ERROR_BAD_NET_RESP,
		windows.ERROR_UNEXP_NET_ERR,
		windows.ERROR_NETNAME_DELETED,
		windows.ERROR_BAD_NET_NAME,
		windows.ERROR_REQ_NOT_ACCEP,
		windows.ERROR_NO_SUCH_DEVICE,
		windows.ERROR_DEVICE_NOT_CONNECTED,
		windows.ERROR_NO_NET_OR_BAD_PATH,
		windows.ERROR_NO_NETWORK,
		windows.ERROR_CONNECTION_REFUSED,
		windows.ERROR_NETWORK_UNREACHABLE,
		windows.ERROR_HOST_UNREACHABLE,
		windows.ERROR_PORT_UNREACHABLE,
		windows.ERROR_CONNECTION_ABORTED,
		windows.ERROR_NO_LOGON_SERVERS,
		windows.ERROR_NO_SUCH_DOMAIN,
		windows.ERROR_NONE_MAPPED, // there is no such account, or its domain could not be asked
		windows.ERROR_TRUSTED_DOMAIN_FAILURE,
		windows.ERROR_TRUSTED_RELATIONSHIP_FAILURE,
		windows.RPC_S_SERVER_UNAVAILABLE,
		windows.RPC_S_SERVER_TOO_BUSY,
		windows.RPC_S_CALL_FAILED,
		windows.RPC_S_CALL_FAILED_DNE,
		windows.EPT_S_NOT_REGISTERED:
		return platform.ErrUnreachable
	case windows.ERROR_SEM_TIMEOUT, windows.ERROR_TIMEOUT:
		return platform.ErrTimeout
	}
	return platform.ErrUnsupported
}
