// What is known about a request that failed.
#pragma once

#include <cstdint>
#include <optional>

namespace msal_mi {

// The asynchronous functions of WinHTTP. Their failures may be told twice: by the result and by the callback.
enum class Call { kSend, kWrite, kReceive, kQuery, kRead };

constexpr const char* NameOf(Call call) {
  switch (call) {
    case Call::kSend:
      return "WinHttpSendRequest";
    case Call::kWrite:
      return "WinHttpWriteData";
    case Call::kReceive:
      return "WinHttpReceiveResponse";
    case Call::kQuery:
      return "WinHttpQueryDataAvailable";
    case Call::kRead:
      break;
  }
  return "WinHttpReadData";
}

struct RequestFailure {
  const char* api = nullptr;  // which function failed, and with what
  std::uint32_t status = 0;
  std::uint32_t secure_failure_flags = 0;  // WINHTTP_CALLBACK_STATUS_FLAG_*; 0 when WinHTTP named no reason
  std::uint32_t proxy_status = 0;          // HTTP status by which a proxy refused the tunnel; 0 when none did
  bool new_connection = false;             // the request did not travel on a connection that was kept
  bool answer_begun = false;               // at least one byte of the server's answer arrived
};

// Collects what callbacks say on the way.
class FailureRecord {
 public:
  // The request goes out, for the first time or again.
  void OnSending() noexcept { so_far_ = {}; }
  void OnConnected() noexcept { so_far_.new_connection = true; }
  void OnSecureFailure(std::uint32_t flags) noexcept { so_far_.secure_failure_flags = flags; }
  void OnAnswerBytes() noexcept { so_far_.answer_begun = true; }

  // A failed write waits until it is known whether the server answered: its answer says more.
  void Hold(Call call, std::uint32_t status) noexcept {
    held_call_ = call;
    held_ = Described(NameOf(call), status);
  }
  void DropHeld() noexcept { held_.reset(); }
  bool Holds(Call call) const noexcept { return held_ && held_call_ == call; }

  // The failure of the request: the one that was held, or this one.
  RequestFailure Conclude(const char* api, std::uint32_t status, std::uint32_t proxy_status = 0) const noexcept {
    RequestFailure failure = held_.value_or(Described(api, status));
    failure.proxy_status = proxy_status;
    return failure;
  }

 private:
  RequestFailure Described(const char* api, std::uint32_t status) const noexcept {
    RequestFailure failure = so_far_;
    failure.api = api;
    failure.status = status;
    return failure;
  }

  RequestFailure so_far_;
  std::optional<RequestFailure> held_;
  Call held_call_ = Call::kSend;
};

}  // namespace msal_mi
