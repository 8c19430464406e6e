#include "http_objects.h"

#include <utility>

#include <async_task.h>
#include <guarded.h>

#include "construct.h"
#include "marshal.h"

namespace msal_mi {
namespace {

// Turns WinHTTP's threads into calls of one JavaScript function. The last events are made beforehand: they must reach
// JavaScript also when memory has run out.
class EventForwarder final : public RequestObserver {
 public:
  EventForwarder(std::shared_ptr<JsThread> js_thread, std::uint64_t id)
      : js_thread_(std::move(js_thread)),
        id_(id),
        end_(Event("end", Nothing, true)),
        failure_(Event(
            "failure", [failed = failed_](Napi::Env env) { return ToJs(env, *failed); }, true)),
        closed_(std::make_unique<JsThread::Work>([id](Napi::Env env, Environment& environment) {
          environment.Unhold(env, id);
          environment.requests.erase(id);
        })) {}

  void OnWritable() override { js_thread_->Post(Event("writable", Nothing)); }
  void OnHead(ResponseHead head) override {
    js_thread_->Post(Event("head", [head = std::move(head)](Napi::Env env) { return ToJs(env, head); }));
  }
  void OnBody(Bytes chunk) override {
    js_thread_->Post(Event("data", [chunk = std::move(chunk)](Napi::Env env) { return ToJs(env, chunk); }));
  }
  void OnEnd() noexcept override { js_thread_->Post(std::move(end_)); }
  void OnFailure(const RequestFailure& failure) noexcept override {
    *failed_ = failure;
    js_thread_->Post(std::move(failure_));
  }
  void OnClosed() noexcept override { js_thread_->Post(std::move(closed_)); }

 private:
  static Napi::Value Nothing(Napi::Env env) { return env.Undefined(); }

  template <typename Marshal>
  std::unique_ptr<JsThread::Work> Event(const char* kind, Marshal marshal, bool last = false) const {
    return std::make_unique<JsThread::Work>(
        [id = id_, kind, marshal = std::move(marshal), last](Napi::Env env, Environment& environment) {
          if (last) environment.Unhold(env, id);
          const auto found = environment.requests.find(id);
          if (found == environment.requests.end()) return;
          found->second.on_event.Call({Napi::String::New(env, kind), marshal(env)});
        });
  }

  const std::shared_ptr<JsThread> js_thread_;
  const std::uint64_t id_;
  const std::shared_ptr<RequestFailure> failed_ = std::make_shared<RequestFailure>();
  std::unique_ptr<JsThread::Work> end_;
  std::unique_ptr<JsThread::Work> failure_;
  std::unique_ptr<JsThread::Work> closed_;
};

class RequestObject final : public Napi::ObjectWrap<RequestObject> {
 public:
  struct State {
    std::shared_ptr<WinHttpRequest> request;
    std::uint64_t id = 0;
  };

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Request",
        {InstanceMethod<&RequestObject::Write>("write"), InstanceMethod<&RequestObject::End>("end"),
         InstanceMethod<&RequestObject::Grant>("grant"), InstanceMethod<&RequestObject::Abort>("abort")});
  }

  explicit RequestObject(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<RequestObject>(info), state_(TakeState<State>(info)) {}

 private:
  Napi::Value Write(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&]() -> Napi::Value {
      return Napi::Boolean::New(info.Env(), state_.request->Write(ReadBytes(info[0], "chunk", kMostBodyBytes)));
    });
  }
  Napi::Value End(const Napi::CallbackInfo& info) {
    return Guard(info.Env(),
                 [&]() -> Napi::Value { return Napi::Boolean::New(info.Env(), state_.request->EndBody()); });
  }
  void Grant(const Napi::CallbackInfo& info) { state_.request->GrantRead(ReadUint32(info[0], "bytes")); }
  void Abort(const Napi::CallbackInfo& info) {
    Environment::Of(info.Env()).Unhold(info.Env(), state_.id);
    state_.request->Abort();
  }

  State state_;
};

class SessionObject final : public Napi::ObjectWrap<SessionObject> {
 public:
  using State = std::shared_ptr<WinHttpSession>;

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Session",
                       {InstanceMethod<&SessionObject::Send>("send"), InstanceMethod<&SessionObject::Close>("close")});
  }

  explicit SessionObject(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<SessionObject>(info), session_(TakeState<State>(info)) {}

 private:
  // send(request, onEvent): Request
  Napi::Value Send(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return Start(info); });
  }

  Napi::Value Start(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    RequestOptions options = ReadRequestOptions(info[0]);
    const bool keeps_process = options.keeps_process;
    if (!info[1].IsFunction()) throw Napi::TypeError::New(env, "onEvent must be a function");
    if (!session_) throw Napi::Error::New(env, "the session is closed");

    Environment& environment = Environment::Of(env);
    const std::uint64_t id = environment.NextId();
    auto forwarder = std::make_shared<EventForwarder>(environment.js_thread(), id);
    LiveRequest& live = environment.requests[id];
    try {
      live.on_event = Napi::Persistent(info[1].As<Napi::Function>());
      live.request = WinHttpRequest::Start(session_, std::move(options), std::move(forwarder));
    } catch (...) {
      environment.requests.erase(id);
      throw;
    }
    live.holds_loop = keeps_process;
    if (keeps_process) environment.js_thread()->Hold(env);
    return Construct(environment.request_class, RequestObject::State{live.request, id});
  }

  // Requests in flight keep the session until they are done.
  void Close(const Napi::CallbackInfo&) { session_.reset(); }

  State session_;
};

}  // namespace

void DefineHttpClasses(Napi::Env env, Environment& environment) {
  environment.session_class = Napi::Persistent(SessionObject::Define(env));
  environment.request_class = Napi::Persistent(RequestObject::Define(env));
}

Napi::Value OpenSession(const Napi::CallbackInfo& info) {
  SessionOptions options = ReadSessionOptions(info[0]);
  const bool has_certificate = !info[1].IsNull();
  Bytes certificate;
  NamedKey key;
  if (has_certificate) {
    certificate = ReadBytes(info[1], "certificate", kMostCertificateBytes);
    key = ReadNamedKey(info[2]);
  }
  return RunAsync(
      info.Env(),
      [options = std::move(options), certificate = std::move(certificate), key = std::move(key), has_certificate] {
        return OpenWinHttpSession(options, has_certificate ? BindClientCertificate(certificate, key) : nullptr);
      },
      [](Napi::Env env, std::shared_ptr<WinHttpSession>&& session) {
        return Construct(Environment::Of(env).session_class, std::move(session));
      });
}

}  // namespace msal_mi
