// One asynchronous request. Streams both ways, one operation outstanding, nothing read that was not asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "request_failure.h"
#include "request_machine.h"
#include "winhttp_session.h"

namespace msal_mi {

struct RequestOptions {
  std::u16string method;
  std::u16string host;
  std::uint16_t port = 443;
  std::u16string path;     // with query
  std::u16string headers;  // `Name: value` lines, each ending in CR LF; neither content-length nor transfer-encoding
  BodyKind body_kind = BodyKind::kWhole;
  std::vector<std::uint8_t> body;         // kWhole
  std::uint64_t body_length = 0;          // kKnownLength, greater than 0
  std::uint32_t read_ahead_bytes = 0;     // of the response body, read without being asked for
  std::uint32_t response_timeout_ms = 0;  // until the response headers; 0: no limit
  bool keeps_process = true;              // false: the event loop may end before the answer is there
};

struct ResponseHead {
  std::uint32_t status = 0;
  std::u16string raw_headers;  // status line and header lines, CR LF between them
};

// Called on any thread but never two calls at once, with no lock held. After OnEnd or OnFailure only OnClosed follows;
// after Abort nothing but OnClosed is certain to be heeded. OnClosed is the last call. What the others throw becomes
// the failure of the request.
class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  virtual void OnWritable() = 0;  // Write or EndBody is expected, once
  virtual void OnHead(ResponseHead head) = 0;
  virtual void OnBody(std::vector<std::uint8_t> chunk) = 0;
  virtual void OnEnd() noexcept = 0;
  virtual void OnFailure(const RequestFailure& failure) noexcept = 0;
  virtual void OnClosed() noexcept = 0;
};

// Every function may be called on any thread and returns at once.
class WinHttpRequest {
 public:
  // The request keeps itself, its observer and its session alive until OnClosed.
  static std::shared_ptr<WinHttpRequest> Start(std::shared_ptr<WinHttpSession> session, RequestOptions options,
                                               std::shared_ptr<RequestObserver> observer);

  virtual ~WinHttpRequest() = default;
  // False when OnWritable did not ask for it, or when it is more than the declared length.
  virtual bool Write(std::vector<std::uint8_t> chunk) = 0;
  // Ends a chunked body. False when OnWritable did not ask for it, or when a declared length is not reached.
  virtual bool EndBody() = 0;
  // Allows `bytes` more of the response body to be read, beyond what is read ahead.
  virtual void GrantRead(std::uint32_t bytes) = 0;
  // Closes the request. WinHTTP may still finish what it is doing; OnClosed tells when it let go.
  virtual void Abort() noexcept = 0;
};

}  // namespace msal_mi
