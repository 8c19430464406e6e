#include "winhttp_session_internal.h"  // <windows.h> first

#include "winhttp_request.h"

#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include <win32_error.h>

#include "winhttp_message.h"
#include "winhttp_request_handles.h"
#include "winhttp_status.h"

namespace msal_mi {
namespace {

// Drives the machine: owns handles and buffers, and calls WinHTTP. WinHTTP reports through callbacks that
// arrive on its threads, or inside of the call that caused them. One rule keeps that in order: whoever finds nobody
// driving becomes the driver, and only the driver takes steps. So calls neither overlap nor nest.
class AsyncRequest final : public WinHttpRequest, public std::enable_shared_from_this<AsyncRequest> {
 public:
  using Step = RequestMachine::Step;
  using Notice = RequestMachine::Notice;

  AsyncRequest(std::shared_ptr<OpenedSession> session, RequestOptions options,
               std::shared_ptr<RequestObserver> observer)
      : session_(std::move(session)),
        api_(session_->api()),
        options_(std::move(options)),
        observer_(std::move(observer)),
        machine_({options_.body_kind, options_.body_length, options_.read_ahead_bytes}) {}

  void Begin() {
    self_ = shared_from_this();
    machine_.Begin();
    DriveOnPool();
  }

  bool Write(std::vector<std::uint8_t> chunk) override {
    const std::size_t size = chunk.size();
    // Before the machine hears of it: making the frame may run out of memory.
    std::vector<std::uint8_t> framed = options_.body_kind == BodyKind::kChunked ? FrameChunk(chunk) : std::move(chunk);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!machine_.Write(size)) return false;
      write_buffer_ = std::move(framed);
    }
    DriveOnPool();
    return true;
  }

  bool EndBody() override {
    std::vector<std::uint8_t> last = LastChunk();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!machine_.EndBody()) return false;
      write_buffer_ = std::move(last);
    }
    DriveOnPool();
    return true;
  }

  void GrantRead(std::uint32_t bytes) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      machine_.Grant(bytes);
    }
    DriveOnPool();
  }

  void Abort() noexcept override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      machine_.Abort();
    }
    Drive();
  }

  static void CALLBACK OnStatus(HINTERNET, DWORD_PTR context, DWORD status, LPVOID value, DWORD length) noexcept {
    if (context == 0) return;
    // `self_` holds the object until HANDLE_CLOSING, WinHTTP's last word on a handle.
    const std::shared_ptr<AsyncRequest> self = reinterpret_cast<AsyncRequest*>(context)->weak_from_this().lock();
    if (!self) return;
    try {
      self->HandleStatus(status, value, length);
    } catch (...) {
      self->FailWithCurrent();
    }
    self->Drive();
  }

 private:
  // On another thread: opening and sending may block, and the caller may be JavaScript's thread.
  void DriveOnPool() noexcept {
    using Held = std::shared_ptr<AsyncRequest>;
    std::unique_ptr<Held> held(new (std::nothrow) Held(weak_from_this().lock()));
    const auto work = [](void* context) noexcept {
      const std::unique_ptr<Held> request(static_cast<Held*>(context));
      (*request)->Drive();
    };
    if (held && api_.submit(work, held.get())) {
      (void)held.release();  // owned by the work item from here
    } else {
      Drive();
    }
  }

  void Drive() noexcept {
    std::unique_lock<std::mutex> lock(mutex_);
    if (is_driving_) return;
    is_driving_ = true;
    for (Step step = machine_.TakeStep(); step != Step::kNone; step = machine_.TakeStep()) {
      lock.unlock();
      try {
        Perform(step);
      } catch (...) {
        FailWithCurrent();
      }
      lock.lock();
    }
    is_driving_ = false;
  }

  void Perform(Step step) {
    switch (step) {
      case Step::kOpen:
        handles_.Open(*session_, options_, OnStatus, reinterpret_cast<DWORD_PTR>(this));
        return Tell([](RequestMachine& machine) { return machine.OnOpened(), Notice::kNone; });
      case Step::kSend:
        return Check(Call::kSend, api_.send_request(handles_.request(), WINHTTP_NO_ADDITIONAL_HEADERS, 0,
                                                    options_.body.empty() ? nullptr : options_.body.data(),
                                                    static_cast<DWORD>(options_.body.size()), TotalLength(options_),
                                                    reinterpret_cast<DWORD_PTR>(this)));
      case Step::kWrite:
        return Check(Call::kWrite, api_.write_data(handles_.request(), write_buffer_.data(),
                                                   static_cast<DWORD>(write_buffer_.size()), nullptr));
      case Step::kReceive:
        return Check(Call::kReceive, api_.receive_response(handles_.request(), nullptr));
      case Step::kReadHead:
        return ReadHead();
      case Step::kQuery:
        return Check(Call::kQuery, api_.query_data_available(handles_.request(), nullptr));
      case Step::kRead:
        read_buffer_.resize(machine_.read_size());
        return Check(Call::kRead, api_.read_data(handles_.request(), read_buffer_.data(),
                                                 static_cast<DWORD>(read_buffer_.size()), nullptr));
      case Step::kClose:
        return Close();
      case Step::kNone:
        return;
    }
  }

  void Check(Call call, BOOL accepted) {
    if (accepted) return;
    const DWORD error = api_.last_error();
    if (error != ERROR_IO_PENDING) Tell([=](RequestMachine& machine) { return machine.OnFailed(call, error); });
  }

  void ReadHead() {
    ResponseHead head = ReadResponseHead(api_, handles_.request());
    const HeadFacts facts{head.status, DeclaredBodyLength(options_.method, head)};
    if (!Tell([&](RequestMachine& machine) { return machine.OnHead(facts); }, Notice::kHead)) return;
    observer_->OnHead(std::move(head));
    Tell([](RequestMachine& machine) { return machine.OnDelivered(); });
  }

  void HandleStatus(DWORD status, LPVOID value, DWORD length) {
    switch (status) {
      case WINHTTP_CALLBACK_STATUS_SENDING_REQUEST:
        return LookAtServer();
      case WINHTTP_CALLBACK_STATUS_READ_COMPLETE:
        return DeliverBody(length);
      case WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING:
        return OnHandleClosing();
      default:
        return Tell([=](RequestMachine& machine) { return TellStatus(machine, status, value); });
    }
  }

  void LookAtServer() {
    try {
      const bool is_tls = session_->server_check().Run(api_, handles_.request());
      Tell([=](RequestMachine& machine) { return machine.OnSendingRequest(is_tls), Notice::kNone; });
    } catch (...) {
      FailWithCurrent();
      // Now, and not when the driver comes to it: the request goes out when this callback returns.
      CloseNow();
    }
  }

  void DeliverBody(DWORD length) {
    if (!Tell([=](RequestMachine& machine) { return machine.OnRead(length); }, Notice::kBody)) return;
    std::vector<std::uint8_t> chunk = std::move(read_buffer_);
    read_buffer_ = {};
    chunk.resize(machine_.arrived());
    observer_->OnBody(std::move(chunk));
    Tell([](RequestMachine& machine) { return machine.OnDelivered(); });
  }

  // Applies an event and tells the owner what follows from it, with no lock held. True when that is `awaited`, which
  // the caller tells itself.
  template <typename Event>
  bool Tell(Event event, Notice awaited) {
    Notice notice = Notice::kNone;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      notice = event(machine_);
    }
    switch (notice) {
      case Notice::kWritable:
        observer_->OnWritable();
        break;
      case Notice::kEnd:
        observer_->OnEnd();
        RequestClose();
        break;
      case Notice::kFailure:
        observer_->OnFailure(machine_.failure());
        RequestClose();
        break;
      default:
        break;
    }
    return notice == awaited && notice != Notice::kNone;
  }
  template <typename Event>
  void Tell(Event event) {
    Tell(event, Notice::kNone);
  }

  // In a `catch (...)`.
  void FailWithCurrent() noexcept {
    const Win32Error error = CurrentFailure();
    Tell([&](RequestMachine& machine) { return machine.OnFailed(error.api(), error.status()); });
  }

  void RequestClose() {
    const std::lock_guard<std::mutex> lock(mutex_);
    machine_.Close();
  }

  void CloseNow() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      machine_.Close();
      if (machine_.TakeStep() != Step::kClose) return;
    }
    Close();
  }

  void Close() {
    const bool is_announced = handles_.is_observed();
    handles_.Close();
    // Without a callback on the handle nobody announces its end.
    if (!is_announced) OnHandleClosing();
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

  std::mutex mutex_;  // guards the machine; never held across a call of WinHTTP or of the observer
  RequestMachine machine_;
  bool is_driving_ = false;

  // The driver's.
  RequestHandles handles_;
  // Of the operation in flight; WinHTTP reads and writes them until its completion.
  std::vector<std::uint8_t> write_buffer_;
  std::vector<std::uint8_t> read_buffer_;
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
