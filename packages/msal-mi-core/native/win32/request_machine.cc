#include "request_machine.h"

#include <algorithm>
#include <utility>

namespace msal_mi {
namespace {

constexpr std::uint64_t kMostReadBytes = std::uint64_t{64} * 1024;
constexpr int kMostSends = 4;
constexpr std::uint32_t kErrorHandleEof = 38;         // the body ended before its declared length
constexpr std::uint32_t kErrorCannotConnect = 12029;  // ERROR_WINHTTP_CANNOT_CONNECT
constexpr std::uint32_t kErrorResendRequest = 12032;  // ERROR_WINHTTP_RESEND_REQUEST
constexpr std::uint32_t kProxyAuthenticationRequired = 407;

}  // namespace

RequestMachine::Step RequestMachine::TakeStep() noexcept {
  const Step due = std::exchange(step_, Step::kNone);
  if (is_closed_) return Step::kNone;
  if (!close_due_) return due;
  is_closed_ = true;
  return Step::kClose;
}

bool RequestMachine::Write(std::uint64_t bytes) noexcept {
  if (phase_ != Phase::kWritable || is_settled_ || bytes == 0) return false;
  if (plan_.body_kind == BodyKind::kKnownLength && bytes > plan_.body_length - written_) return false;
  written_ += bytes;
  phase_ = Phase::kWriting;
  step_ = Step::kWrite;
  return true;
}

bool RequestMachine::EndBody() noexcept {
  if (phase_ != Phase::kWritable || is_settled_ || plan_.body_kind != BodyKind::kChunked) return false;
  is_body_ended_ = true;
  phase_ = Phase::kWriting;
  step_ = Step::kWrite;
  return true;
}

void RequestMachine::Grant(std::uint32_t bytes) noexcept {
  credit_ += bytes;
  if (phase_ != Phase::kParked || is_settled_ || credit_ == 0) return;
  phase_ = Phase::kQuerying;
  step_ = Step::kQuery;
}

void RequestMachine::Abort() noexcept {
  is_settled_ = true;
  close_due_ = true;
}

void RequestMachine::Send() noexcept {
  if (is_settled_) return;
  ++sends_;
  is_tls_ = true;
  record_.OnSending();
  phase_ = Phase::kSending;
  step_ = Step::kSend;
}

void RequestMachine::Receive() noexcept {
  phase_ = Phase::kReceiving;
  step_ = Step::kReceive;
}

RequestMachine::Notice RequestMachine::OnSent() noexcept {
  if (phase_ != Phase::kSending || is_settled_) return Notice::kNone;
  if (plan_.body_kind == BodyKind::kWhole) {
    Receive();
    return Notice::kNone;
  }
  phase_ = Phase::kWritable;
  return Notice::kWritable;
}

RequestMachine::Notice RequestMachine::OnWritten() noexcept {
  if (phase_ != Phase::kWriting || is_settled_) return Notice::kNone;
  if (is_body_ended_ || (plan_.body_kind == BodyKind::kKnownLength && written_ == plan_.body_length)) {
    Receive();
    return Notice::kNone;
  }
  phase_ = Phase::kWritable;
  return Notice::kWritable;
}

void RequestMachine::OnHeadersAvailable() noexcept {
  if (phase_ == Phase::kReceiving && !is_settled_) step_ = Step::kReadHead;
}

void RequestMachine::OnBytes(std::uint32_t bytes) noexcept {
  const bool is_request_out = phase_ != Phase::kIdle && phase_ != Phase::kSending;
  if (is_request_out && is_tls_ && bytes > 0) record_.OnAnswerBytes();
}

RequestMachine::Notice RequestMachine::OnHead(const HeadFacts& head) noexcept {
  if (phase_ != Phase::kReceiving || is_settled_) return Notice::kNone;
  // An origin server never answers 407, and what came without TLS came from no server that was verified.
  if (!is_tls_ || head.status == kProxyAuthenticationRequired) {
    record_.DropHeld();
    return Fail(record_.Conclude(NameOf(Call::kReceive), kErrorCannotConnect, head.status));
  }
  record_.DropHeld();
  expected_ = head.body_length;
  phase_ = Phase::kDelivering;
  return Notice::kHead;
}

RequestMachine::Notice RequestMachine::OnDelivered() noexcept {
  if (phase_ != Phase::kDelivering || is_settled_) return Notice::kNone;
  if (expected_ && *expected_ == received_) return End();
  phase_ = credit_ > 0 ? Phase::kQuerying : Phase::kParked;
  if (credit_ > 0) step_ = Step::kQuery;
  return Notice::kNone;
}

RequestMachine::Notice RequestMachine::OnDataAvailable(std::uint32_t available) noexcept {
  if (phase_ != Phase::kQuerying || is_settled_) return Notice::kNone;
  if (available == 0) return End();
  read_size_ = static_cast<std::uint32_t>(std::min<std::uint64_t>({available, kMostReadBytes, credit_}));
  phase_ = Phase::kReading;
  step_ = Step::kRead;
  return Notice::kNone;
}

RequestMachine::Notice RequestMachine::OnRead(std::uint32_t length) noexcept {
  if (phase_ != Phase::kReading || is_settled_) return Notice::kNone;
  if (length == 0) return End();
  arrived_ = std::min(length, read_size_);
  received_ += arrived_;
  credit_ -= arrived_;
  phase_ = Phase::kDelivering;
  return Notice::kBody;
}

// WinHTTP takes a connection that closes early for the end of the body.
RequestMachine::Notice RequestMachine::End() noexcept {
  if (expected_ && *expected_ != received_) return OnFailed(NameOf(Call::kRead), kErrorHandleEof);
  is_settled_ = true;
  return Notice::kEnd;
}

// WinHTTP wants the same request once more, on the same handle. A body that was streamed is gone.
bool RequestMachine::CanSendAgain(Call call, std::uint32_t status) noexcept {
  const bool is_asked = status == kErrorResendRequest && (call == Call::kSend || call == Call::kReceive);
  const bool is_waiting = phase_ == Phase::kSending || phase_ == Phase::kReceiving;
  return is_asked && is_waiting && sends_ < kMostSends && written_ == 0 && !is_body_ended_;
}

RequestMachine::Notice RequestMachine::OnFailed(Call call, std::uint32_t status) noexcept {
  const bool is_told_twice = record_.Holds(call) || (step_ == Step::kSend && sends_ > 1);
  if (is_settled_ || is_told_twice) return Notice::kNone;
  if (CanSendAgain(call, status)) {
    Send();
    return Notice::kNone;
  }
  if (call == Call::kWrite && phase_ == Phase::kWriting) {
    record_.Hold(call, status);
    Receive();
    return Notice::kNone;
  }
  return OnFailed(NameOf(call), status);
}

RequestMachine::Notice RequestMachine::OnFailed(const char* api, std::uint32_t status) noexcept {
  if (is_settled_) return Notice::kNone;
  return Fail(record_.Conclude(api, status));
}

RequestMachine::Notice RequestMachine::Fail(const RequestFailure& failure) noexcept {
  is_settled_ = true;
  failure_ = failure;
  return Notice::kFailure;
}

}  // namespace msal_mi
