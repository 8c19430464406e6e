#include "winhttp_session_internal.h"  // <windows.h> first

#include "winhttp_request.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include <wide_string.h>
#include <win32_error.h>

#include "winhttp_message.h"
#include "winhttp_request_options.h"

namespace msal_mi {
namespace {

constexpr std::uint32_t kReadBytes = 64 * 1024;
constexpr std::uint32_t kErrorHandleEof = 38;  // the body ended before its declared length

const char* ApiName(DWORD_PTR api) {
  switch (api) {
    case API_RECEIVE_RESPONSE:
      return "WinHttpReceiveResponse";
    case API_QUERY_DATA_AVAILABLE:
      return "WinHttpQueryDataAvailable";
    case API_READ_DATA:
      return "WinHttpReadData";
    case API_WRITE_DATA:
      return "WinHttpWriteData";
    default:
      return "WinHttpSendRequest";
  }
}

// WinHTTP reports through callbacks that arrive on its threads, or inside of the call that caused them. One rule keeps
// that in order: whoever finds nobody driving becomes the driver, and only the driver calls WinHTTP. Callbacks record
// the next step; the driver, which may be below them on the same stack, performs it. So calls neither overlap nor nest.
class AsyncRequest final : public WinHttpRequest, public std::enable_shared_from_this<AsyncRequest> {
 public:
  AsyncRequest(std::shared_ptr<OpenedSession> session, RequestOptions options,
               std::shared_ptr<RequestObserver> observer)
      : session_(std::move(session)),
        api_(session_->api()),
        options_(std::move(options)),
        observer_(std::move(observer)),
        credit_(options_.read_ahead_bytes) {}

  void Begin() {
    self_ = shared_from_this();
    step_ = Step::kSend;
    DriveOnPool();
  }

  bool Write(std::vector<std::uint8_t> chunk) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (phase_ != Phase::kWritable || settled_ || chunk.empty()) return false;
      if (options_.body_kind == BodyKind::kKnownLength && chunk.size() > options_.body_length - written_) return false;
      written_ += chunk.size();
      write_buffer_ = options_.body_kind == BodyKind::kChunked ? FrameChunk(chunk) : std::move(chunk);
      phase_ = Phase::kWriting;
      step_ = Step::kWrite;
    }
    DriveOnPool();
    return true;
  }

  bool EndBody() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (phase_ != Phase::kWritable || settled_ || options_.body_kind != BodyKind::kChunked) return false;
      body_ended_ = true;
      write_buffer_ = LastChunk();
      phase_ = Phase::kWriting;
      step_ = Step::kWrite;
    }
    DriveOnPool();
    return true;
  }

  void GrantRead(std::uint32_t bytes) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      credit_ += bytes;
      if (phase_ != Phase::kParked || settled_ || credit_ == 0) return;
      phase_ = Phase::kQuerying;
      step_ = Step::kQuery;
    }
    DriveOnPool();
  }

  void Abort() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      settled_ = true;
      close_requested_ = true;
    }
    Drive();
  }

  static void CALLBACK OnStatus(HINTERNET, DWORD_PTR context, DWORD status, LPVOID value, DWORD length) {
    if (context == 0) return;
    // `self_` holds the object until HANDLE_CLOSING, WinHTTP's last word on a handle.
    const auto self = reinterpret_cast<AsyncRequest*>(context)->shared_from_this();
    self->HandleStatus(status, value, length);
    self->Drive();
  }

 private:
  enum class Phase { kIdle, kSending, kWritable, kWriting, kReceiving, kParked, kQuerying, kReading, kClosed };
  enum class Step { kNone, kSend, kWrite, kReceive, kReadHead, kQuery, kRead };

  void DriveOnPool() {
    auto held = std::make_unique<std::shared_ptr<AsyncRequest>>(shared_from_this());
    const auto work = [](void* context) {
      const std::unique_ptr<std::shared_ptr<AsyncRequest>> request(
          static_cast<std::shared_ptr<AsyncRequest>*>(context));
      (*request)->Drive();
    };
    if (api_.submit(work, held.get())) {
      (void)held.release();  // owned by the work item from here
    } else {
      Drive();
    }
  }

  void Drive() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (driving_) return;
    driving_ = true;
    for (;;) {
      const bool closing = close_requested_ && phase_ != Phase::kClosed;
      const Step step = std::exchange(step_, Step::kNone);
      if (closing) phase_ = Phase::kClosed;
      if (!closing && (step == Step::kNone || phase_ == Phase::kClosed)) break;
      lock.unlock();
      if (closing) {
        Close();
      } else {
        Perform(step);
      }
      lock.lock();
    }
    driving_ = false;
  }

  void Perform(Step step) {
    try {
      switch (step) {
        case Step::kSend:
          return Send();
        case Step::kWrite:
          return Check("WinHttpWriteData", api_.write_data(request_.get(), write_buffer_.data(),
                                                           static_cast<DWORD>(write_buffer_.size()), nullptr));
        case Step::kReceive:
          return Check("WinHttpReceiveResponse", api_.receive_response(request_.get(), nullptr));
        case Step::kReadHead:
          return ReadHead();
        case Step::kQuery:
          return Check("WinHttpQueryDataAvailable", api_.query_data_available(request_.get(), nullptr));
        case Step::kRead:
          return Check("WinHttpReadData", api_.read_data(request_.get(), read_buffer_.data(), read_bytes_, nullptr));
        case Step::kNone:
          return;
      }
    } catch (const Win32Error& error) {
      Fail(error.api(), error.status());
    } catch (const std::exception&) {
      Fail("std::exception", kErrorOutOfMemory);
    }
  }

  // A call that fails may announce it a second time through the callback: Fail counts once.
  void Check(const char* api, BOOL accepted) {
    if (accepted) return;
    const DWORD error = api_.last_error();
    if (error != ERROR_IO_PENDING) Fail(api, error);
  }

  void Send() {
    connection_ =
        InternetHandle(api_, api_.connect(session_->handle(), ToWide(options_.host).c_str(), options_.port, 0));
    if (!connection_) throw Win32Error("WinHttpConnect", api_.last_error());
    request_ = InternetHandle(
        api_, api_.open_request(connection_.get(), ToWide(options_.method).c_str(), ToWide(options_.path).c_str(),
                                nullptr, WINHTTP_NO_REFERER, WINHTTP_DEFAULT_ACCEPT_TYPES, WINHTTP_FLAG_SECURE));
    if (!request_) throw Win32Error("WinHttpOpenRequest", api_.last_error());

    SetRequestOptions(api_, request_.get(), session_->certificate(), options_);
    DWORD_PTR context = reinterpret_cast<DWORD_PTR>(this);
    SetRequiredOption(api_, request_.get(), WINHTTP_OPTION_CONTEXT_VALUE, &context, sizeof(context));
    constexpr DWORD kNotifications = WINHTTP_CALLBACK_FLAG_ALL_COMPLETIONS | WINHTTP_CALLBACK_FLAG_HANDLES |
                                     WINHTTP_CALLBACK_FLAG_SECURE_FAILURE | WINHTTP_CALLBACK_FLAG_CONNECT_TO_SERVER |
                                     WINHTTP_CALLBACK_FLAG_RECEIVE_RESPONSE;
    if (api_.set_status_callback(request_.get(), OnStatus, kNotifications, 0) == WINHTTP_INVALID_STATUS_CALLBACK) {
      throw Win32Error("WinHttpSetStatusCallback", api_.last_error());
    }
    observed_by_winhttp_ = true;

    const std::wstring headers = ToWide(options_.headers) + BodyHeaders(options_);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      phase_ = Phase::kSending;
    }
    Check("WinHttpSendRequest",
          api_.send_request(request_.get(), headers.empty() ? WINHTTP_NO_ADDITIONAL_HEADERS : headers.c_str(),
                            static_cast<DWORD>(headers.size()), options_.body.empty() ? nullptr : options_.body.data(),
                            static_cast<DWORD>(options_.body.size()), TotalLength(options_), context));
  }

  void ReadHead() {
    ResponseHead head = ReadResponseHead(api_, request_.get());
    expected_bytes_ = DeclaredBodyLength(options_.method, head);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (settled_) return;
      pending_failure_.reset();
    }
    observer_->OnHead(std::move(head));
    Continue();
  }

  void HandleStatus(DWORD status, LPVOID value, DWORD length) {
    switch (status) {
      case WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE:
        return OnSent();
      case WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE:
        return OnWritten();
      case WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE: {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (phase_ == Phase::kReceiving && !settled_) step_ = Step::kReadHead;
        return;
      }
      case WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE:
        return OnDataAvailable(*static_cast<const DWORD*>(value));
      case WINHTTP_CALLBACK_STATUS_READ_COMPLETE:
        return OnRead(length);
      case WINHTTP_CALLBACK_STATUS_CONNECTED_TO_SERVER: {
        const std::lock_guard<std::mutex> lock(mutex_);
        new_connection_ = true;
        return;
      }
      case WINHTTP_CALLBACK_STATUS_RESPONSE_RECEIVED: {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (value != nullptr && *static_cast<const DWORD*>(value) > 0) answer_begun_ = true;
        return;
      }
      case WINHTTP_CALLBACK_STATUS_SECURE_FAILURE: {
        const std::lock_guard<std::mutex> lock(mutex_);
        secure_failure_flags_ = *static_cast<const DWORD*>(value);
        return;
      }
      case WINHTTP_CALLBACK_STATUS_REQUEST_ERROR: {
        const auto* result = static_cast<const WINHTTP_ASYNC_RESULT*>(value);
        return Fail(ApiName(result->dwResult), result->dwError);
      }
      case WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING:
        return OnHandleClosing();
      default:
        return;
    }
  }

  void OnSent() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (phase_ != Phase::kSending || settled_) return;
      if (options_.body_kind == BodyKind::kWhole) {
        phase_ = Phase::kReceiving;
        step_ = Step::kReceive;
        return;
      }
      phase_ = Phase::kWritable;
    }
    observer_->OnWritable();
  }

  void OnWritten() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (phase_ != Phase::kWriting || settled_) return;
      if (body_ended_ || (options_.body_kind == BodyKind::kKnownLength && written_ == options_.body_length)) {
        phase_ = Phase::kReceiving;
        step_ = Step::kReceive;
        return;
      }
      phase_ = Phase::kWritable;
    }
    observer_->OnWritable();
  }

  void OnDataAvailable(DWORD available) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (phase_ != Phase::kQuerying || settled_) return;
      if (available > 0) {
        read_bytes_ = static_cast<DWORD>(std::min<std::uint64_t>({available, kReadBytes, credit_}));
        read_buffer_.resize(read_bytes_);
        phase_ = Phase::kReading;
        step_ = Step::kRead;
        return;
      }
    }
    Finish();
  }

  void OnRead(DWORD length) {
    std::vector<std::uint8_t> chunk;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (phase_ != Phase::kReading || settled_) return;
      if (length > 0) {
        const DWORD taken = std::min(length, read_bytes_);
        received_ += taken;
        credit_ -= taken;
        chunk = std::move(read_buffer_);
        chunk.resize(taken);
        read_buffer_ = {};
      }
    }
    if (length == 0) return Finish();
    observer_->OnBody(std::move(chunk));
    Continue();
  }

  // All that was declared has arrived, or there is more to wait for.
  void Continue() {
    if (expected_bytes_ && *expected_bytes_ == received_) return Finish();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (settled_) return;
    phase_ = credit_ > 0 ? Phase::kQuerying : Phase::kParked;
    if (credit_ > 0) step_ = Step::kQuery;
  }

  // WinHTTP takes a connection that closes early for the end of the body.
  void Finish() {
    if (expected_bytes_ && *expected_bytes_ != received_) return Fail("WinHttpReadData", kErrorHandleEof);
    if (!Settle()) return;
    observer_->OnEnd();
    RequestClose();
  }

  void Fail(const char* api, DWORD status) {
    RequestFailure failure;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (settled_) return;
      if (pending_failure_ && pending_failure_->api == api) return;  // the same failure, announced a second time
      if (phase_ == Phase::kWriting) {
        // A server may refuse a body by answering early and closing: its answer says more than the broken write.
        pending_failure_ = RequestFailure{api, status, secure_failure_flags_, new_connection_, answer_begun_};
        phase_ = Phase::kReceiving;
        step_ = Step::kReceive;
        return;
      }
      settled_ = true;
      failure =
          pending_failure_.value_or(RequestFailure{api, status, secure_failure_flags_, new_connection_, answer_begun_});
    }
    observer_->OnFailure(failure);
    RequestClose();
  }

  bool Settle() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return !std::exchange(settled_, true);
  }

  void RequestClose() {
    const std::lock_guard<std::mutex> lock(mutex_);
    close_requested_ = true;
  }

  void Close() {
    const bool announced = observed_by_winhttp_;
    request_.reset();
    // Without a callback on the handle nobody announces its end.
    if (!announced) OnHandleClosing();
  }

  void OnHandleClosing() {
    observer_->OnClosed();
    self_.reset();
  }

  const std::shared_ptr<OpenedSession> session_;
  const WinHttpApi& api_;
  RequestOptions options_;
  const std::shared_ptr<RequestObserver> observer_;
  std::shared_ptr<AsyncRequest> self_;  // until HANDLE_CLOSING

  // The driver's.
  InternetHandle connection_;
  InternetHandle request_;
  bool observed_by_winhttp_ = false;

  std::mutex mutex_;  // never held across a call of WinHTTP or of the observer
  Phase phase_ = Phase::kIdle;
  Step step_ = Step::kNone;
  bool driving_ = false;
  bool settled_ = false;
  bool close_requested_ = false;
  bool body_ended_ = false;
  std::uint64_t written_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t credit_;
  std::uint32_t secure_failure_flags_ = 0;
  bool new_connection_ = false;
  bool answer_begun_ = false;
  std::optional<std::uint64_t> expected_bytes_;
  std::optional<RequestFailure> pending_failure_;

  // Of the operation in flight; WinHTTP reads and writes them until its completion.
  std::vector<std::uint8_t> write_buffer_;
  std::vector<std::uint8_t> read_buffer_;
  DWORD read_bytes_ = 0;
};

}  // namespace

std::shared_ptr<WinHttpRequest> WinHttpRequest::Start(std::shared_ptr<WinHttpSession> session, RequestOptions options,
                                                      std::shared_ptr<RequestObserver> observer) {
  auto request = std::make_shared<AsyncRequest>(std::static_pointer_cast<OpenedSession>(std::move(session)),
                                                std::move(options), std::move(observer));
  request->Begin();
  return request;
}

}  // namespace msal_mi
