// The order of a request: which call comes next, when the request is over, and what its owner is told. Pure: it calls
// nothing, owns no handle and no buffer, and knows no thread; its driver serialises the calls.
#pragma once

#include <cstdint>
#include <optional>

#include "request_failure.h"

namespace msal_mi {

enum class BodyKind { kWhole, kKnownLength, kChunked };

struct RequestPlan {
  BodyKind body_kind = BodyKind::kWhole;
  std::uint64_t body_length = 0;  // kKnownLength
  std::uint64_t credit = 0;       // how much of the response body may be read without being asked for
};

// What the head of a response says about what follows.
struct HeadFacts {
  std::uint32_t status = 0;
  std::optional<std::uint64_t> body_length;
};

class RequestMachine {
 public:
  // The driver's next call.
  enum class Step { kNone, kOpen, kSend, kWrite, kReceive, kReadHead, kQuery, kRead, kClose };
  // What the owner is to be told.
  enum class Notice { kNone, kWritable, kHead, kBody, kEnd, kFailure };

  explicit RequestMachine(const RequestPlan& plan) noexcept : plan_(plan), credit_(plan.credit) {}

  // The step that is due, once. After kClose there is none.
  Step TakeStep() noexcept;
  // Size of the read that is due.
  std::uint32_t read_size() const noexcept { return read_size_; }
  // Of the bytes that arrived, how many the owner gets with kBody.
  std::uint32_t arrived() const noexcept { return arrived_; }
  const RequestFailure& failure() const noexcept { return failure_; }

  // The owner's wishes. False when nobody asked for it.
  void Begin() noexcept { step_ = Step::kOpen; }
  bool Write(std::uint64_t bytes) noexcept;
  bool EndBody() noexcept;
  void Grant(std::uint32_t bytes) noexcept;
  void Abort() noexcept;
  // After kEnd or kFailure was told.
  void Close() noexcept { close_due_ = true; }

  // What the driver and WinHTTP report.
  void OnOpened() noexcept { Send(); }
  Notice OnSent() noexcept;
  Notice OnWritten() noexcept;
  void OnHeadersAvailable() noexcept;
  Notice OnHead(const HeadFacts& head) noexcept;
  Notice OnDataAvailable(std::uint32_t available) noexcept;
  Notice OnRead(std::uint32_t length) noexcept;
  // The owner has been given head or body.
  Notice OnDelivered() noexcept;
  Notice OnFailed(Call call, std::uint32_t status) noexcept;
  Notice OnFailed(const char* api, std::uint32_t status) noexcept;

  // `is_tls` is false when WinHTTP says that the connection has no TLS, which a tunnel that was refused has not.
  void OnSendingRequest(bool is_tls) noexcept { is_tls_ = is_tls; }
  void OnConnected() noexcept { record_.OnConnected(); }
  void OnSecureFailure(std::uint32_t flags) noexcept { record_.OnSecureFailure(flags); }
  // What arrives before the request is out is the proxy's answer to CONNECT.
  void OnBytes(std::uint32_t bytes) noexcept;

 private:
  enum class Phase { kIdle, kSending, kWritable, kWriting, kReceiving, kDelivering, kParked, kQuerying, kReading };

  void Send() noexcept;
  bool CanSendAgain(Call call, std::uint32_t status) noexcept;
  Notice Fail(const RequestFailure& failure) noexcept;
  Notice End() noexcept;
  void Receive() noexcept;

  const RequestPlan plan_;
  FailureRecord record_;
  RequestFailure failure_;
  Phase phase_ = Phase::kIdle;
  Step step_ = Step::kNone;
  bool is_settled_ = false;
  bool close_due_ = false;
  bool is_closed_ = false;
  bool is_tls_ = true;
  bool is_body_ended_ = false;
  int sends_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t credit_;
  std::uint32_t read_size_ = 0;
  std::uint32_t arrived_ = 0;
  std::optional<std::uint64_t> expected_;
};

}  // namespace msal_mi
