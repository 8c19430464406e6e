// A request, a scripted WinHTTP below it and an owner above it that writes down what it is told.
#pragma once

#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "checks.h"
#include "scripted_winhttp.h"
#include "win32/winhttp_request.h"
#include "win32/winhttp_session_internal.h"

using namespace msal_mi;

struct Recorder final : RequestObserver {
  std::mutex mutex;
  std::vector<std::string> events;
  RequestFailure failure;
  std::size_t body_bytes = 0;
  std::atomic<int> closed{0};
  std::function<void()> on_writable;
  std::function<void()> on_failure;
  bool throws_on_head = false;
  bool throws_on_body = false;

  void Add(std::string event) {
    const std::lock_guard<std::mutex> lock(mutex);
    events.push_back(std::move(event));
  }
  void OnWritable() override {
    Add("writable");
    if (on_writable) on_writable();
  }
  void OnHead(ResponseHead head) override {
    if (throws_on_head) throw 42;
    Add("head " + std::to_string(head.status));
  }
  void OnBody(std::vector<std::uint8_t> chunk) override {
    if (throws_on_body) throw std::bad_alloc();
    body_bytes += chunk.size();
    Add("body " + std::to_string(chunk.size()));
  }
  void OnEnd() noexcept override { Add("end"); }
  void OnFailure(const RequestFailure& reported) noexcept override {
    failure = reported;
    Add("failure " + std::string(reported.api) + " " + std::to_string(reported.status));
    if (on_failure) on_failure();
  }
  void OnClosed() noexcept override { ++closed; }
};

struct FakeCertificate final : ClientCertificate {
  CERT_CONTEXT certificate{};
  const void* context() const noexcept override { return &certificate; }
};

struct World {
  ScriptedWinHttp winhttp;
  std::shared_ptr<Recorder> seen = std::make_shared<Recorder>();
  std::shared_ptr<WinHttpRequest> request;
  RequestOptions options;

  World() {
    fake::Install(&winhttp);
    options.method = u"GET";
    options.host = u"localhost";
    options.path = u"/";
    options.read_ahead_bytes = 1024;
    winhttp.on_send = [this] { return winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE), TRUE; };
    winhttp.on_receive = [this] { return winhttp.Report(WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE), TRUE; };
    winhttp.on_query = [this] { return winhttp.Available(0), TRUE; };
  }
  void Start() {
    auto session = OpenWinHttpSession(fake::Api(), {}, std::make_shared<FakeCertificate>());
    request = WinHttpRequest::Start(std::move(session), options, seen);
  }
  std::string Events() const {
    std::string all;
    for (const std::string& event : seen->events) all += (all.empty() ? "" : ", ") + event;
    return all;
  }
  std::string Calls() const {
    std::string all;
    for (const std::string& call : winhttp.calls) all += (all.empty() ? "" : " ") + call;
    return all;
  }
};

inline void Test(const char* name, const std::function<void(World&)>& body) {
  std::printf("- %s\n", name);
  World world;
  std::weak_ptr<WinHttpRequest> alive;
  body(world);
  alive = world.request;
  CHECK(world.seen->closed == 1);
  CHECK(world.winhttp.certificates == 0);
  CHECK(world.winhttp.chains == 0);
  world.request.reset();
  // Nothing keeps a closed request.
  CHECK(alive.expired());
}
