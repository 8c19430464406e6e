#include "winhttp_status.h"

namespace msal_mi {
namespace {

using Notice = RequestMachine::Notice;

Call CallOf(DWORD_PTR api) {
  switch (api) {
    case API_RECEIVE_RESPONSE:
      return Call::kReceive;
    case API_QUERY_DATA_AVAILABLE:
      return Call::kQuery;
    case API_READ_DATA:
      return Call::kRead;
    case API_WRITE_DATA:
      return Call::kWrite;
    default:
      return Call::kSend;
  }
}

}  // namespace

Notice TellStatus(RequestMachine& machine, DWORD status, const void* value) noexcept {
  const auto number = [value] { return value == nullptr ? 0 : *static_cast<const DWORD*>(value); };
  switch (status) {
    case WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE:
      return machine.OnSent();
    case WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE:
      return machine.OnWritten();
    case WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE:
      machine.OnHeadersAvailable();
      return Notice::kNone;
    case WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE:
      return machine.OnDataAvailable(number());
    case WINHTTP_CALLBACK_STATUS_CONNECTED_TO_SERVER:
      machine.OnConnected();
      return Notice::kNone;
    case WINHTTP_CALLBACK_STATUS_RESPONSE_RECEIVED:
      machine.OnBytes(number());
      return Notice::kNone;
    case WINHTTP_CALLBACK_STATUS_SECURE_FAILURE:
      machine.OnSecureFailure(number());
      return Notice::kNone;
    case WINHTTP_CALLBACK_STATUS_REQUEST_ERROR: {
      const auto* result = static_cast<const WINHTTP_ASYNC_RESULT*>(value);
      return machine.OnFailed(CallOf(result->dwResult), result->dwError);
    }
    default:
      return Notice::kNone;
  }
}

}  // namespace msal_mi
