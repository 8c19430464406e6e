// The asynchronous client against a scripted WinHTTP: what Windows does and Wine cannot, and what both do.
#include "scripted_winhttp.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <thread>

#include "checks.h"
#include "failing_memory.h"
#include "win32/winhttp_request.h"
#include "win32/winhttp_session_internal.h"

namespace msal_mi {
const WinHttpApi& SystemWinHttp() { return scripted::Api(); }
}  // namespace msal_mi

using namespace msal_mi;

namespace {

struct Recorder final : RequestObserver {
  std::mutex mutex;
  std::vector<std::string> events;
  RequestFailure failure;
  std::size_t body_bytes = 0;
  std::atomic<int> closed{0};
  std::function<void()> on_writable;
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
  }
  void OnClosed() noexcept override { ++closed; }
};

struct FakeCertificate final : ClientCertificate {
  CERT_CONTEXT certificate{};
  const void* context() const noexcept override { return &certificate; }
};

struct World {
  scripted::WinHttp winhttp;
  std::shared_ptr<Recorder> seen = std::make_shared<Recorder>();
  std::shared_ptr<WinHttpRequest> request;
  RequestOptions options;

  World() {
    scripted::Install(&winhttp);
    options.method = u"GET";
    options.host = u"localhost";
    options.path = u"/";
    options.read_ahead_bytes = 1024;
    winhttp.on_send = [this] { return winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE), TRUE; };
    winhttp.on_receive = [this] { return winhttp.Report(WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE), TRUE; };
    winhttp.on_query = [this] { return winhttp.Available(0), TRUE; };
  }
  void Start() {
    auto session = OpenWinHttpSession(scripted::Api(), {}, std::make_shared<FakeCertificate>());
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

void Test(const char* name, const std::function<void(World&)>& body) {
  std::printf("- %s\n", name);
  World world;
  std::weak_ptr<WinHttpRequest> alive;
  body(world);
  alive = world.request;
  CHECK(world.seen->closed == 1);
  world.request.reset();
  // Nothing keeps a closed request.
  CHECK(alive.expired());
}

void TestAnswers() {
  Test("every callback inside of its call: head, body, end, one close", [](World& w) {
    DWORD left = 10;
    w.winhttp.on_query = [&] { return w.winhttp.Available(left), TRUE; };
    w.winhttp.on_read = [&](std::uint8_t* out, DWORD size) {
      std::fill_n(out, size, 'x');
      left -= size;
      return w.winhttp.Read(size), TRUE;
    };
    w.Start();
    CHECK(w.Events() == "head 200, body 10, end");
    CHECK(w.Calls() == "send receive query read query close");
  });
  Test("a declared length makes the last question unnecessary", [](World& w) {
    w.winhttp.raw_headers = L"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    w.winhttp.on_query = [&] { return w.winhttp.Available(4), TRUE; };
    w.winhttp.on_read = [&](std::uint8_t*, DWORD size) { return w.winhttp.Read(size), TRUE; };
    w.Start();
    CHECK(w.Events() == "head 200, body 4, end");
    CHECK(w.Calls() == "send receive query read close");
  });
  Test("a body shorter than declared is a failure", [](World& w) {
    w.winhttp.raw_headers = L"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    w.Start();
    CHECK(w.Events() == "head 200, failure WinHttpReadData 38");
  });
  Test("HEAD and 304 declare lengths of bodies that do not come", [](World& w) {
    w.options.method = u"HEAD";
    w.winhttp.raw_headers = L"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    w.Start();
    CHECK(w.Events() == "head 200, end");
  });
  Test("64 MiB with every callback inline neither nest nor recurse", [](World& w) {
    std::uint64_t left = 64 * 1024 * 1024;
    w.options.read_ahead_bytes = 0xFFFFFFFF;
    w.winhttp.on_query = [&] {
      return w.winhttp.Available(static_cast<DWORD>(std::min<std::uint64_t>(left, 4096))), TRUE;
    };
    w.winhttp.on_read = [&](std::uint8_t*, DWORD size) {
      left -= size;
      return w.winhttp.Read(size), TRUE;
    };
    w.Start();
    CHECK(w.seen->body_bytes == 64 * 1024 * 1024);
    CHECK(w.winhttp.deepest == 1);
  });
  Test("no more is read than was granted", [](World& w) {
    DWORD left = 3000;
    w.winhttp.on_query = [&] { return w.winhttp.Available(left), TRUE; };
    w.winhttp.on_read = [&](std::uint8_t*, DWORD size) {
      left -= size;
      return w.winhttp.Read(size), TRUE;
    };
    w.Start();
    CHECK(w.Events() == "head 200, body 1024");
    w.request->GrantRead(500);
    CHECK(w.Events() == "head 200, body 1024, body 500");
    w.request->GrantRead(100000);
    CHECK(w.seen->events.back() == "end");
  });
}

void TestFailures() {
  Test("a read that fails twice, by its result and by its callback, is one failure", [](World& w) {
    w.winhttp.on_query = [&] { return w.winhttp.Available(10), TRUE; };
    w.winhttp.on_read = [&](std::uint8_t*, DWORD) {
      w.winhttp.Error(API_READ_DATA, 10060);
      w.winhttp.last_error = 10060;
      return FALSE;
    };
    w.Start();
    CHECK(w.Events() == "head 200, failure WinHttpReadData 10060");
  });
  Test("an error that is announced by a call that succeeded", [](World& w) {
    w.winhttp.on_receive = [&] { return w.winhttp.Error(API_RECEIVE_RESPONSE, 12152), TRUE; };
    w.Start();
    CHECK(w.Events() == "failure WinHttpReceiveResponse 12152");
    CHECK(!w.seen->failure.answer_begun);
  });
  Test("ERROR_IO_PENDING is not an error", [](World& w) {
    w.winhttp.on_send = [&] {
      w.winhttp.last_error = ERROR_IO_PENDING;
      return FALSE;
    };
    w.Start();
    CHECK(w.Events().empty());
    w.winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE);
    CHECK(w.Events() == "head 200, end");
  });
  Test("why the server was not trusted comes with the failure", [](World& w) {
    w.winhttp.on_send = [&] {
      DWORD flags = 0x18;
      w.winhttp.Report(WINHTTP_CALLBACK_STATUS_CONNECTED_TO_SERVER);
      w.winhttp.Report(WINHTTP_CALLBACK_STATUS_SECURE_FAILURE, &flags, sizeof(flags));
      return w.winhttp.Error(API_SEND_REQUEST, 12175), TRUE;
    };
    w.Start();
    CHECK(w.Events() == "failure WinHttpSendRequest 12175");
    CHECK(w.seen->failure.secure_failure_flags == 0x18);
    CHECK(w.seen->failure.new_connection);
  });
  Test("a response that had begun is told from one that had not", [](World& w) {
    w.winhttp.on_receive = [&] {
      DWORD bytes = 7;
      w.winhttp.Report(WINHTTP_CALLBACK_STATUS_RESPONSE_RECEIVED, &bytes, sizeof(bytes));
      return w.winhttp.Error(API_RECEIVE_RESPONSE, 12152), TRUE;
    };
    w.Start();
    CHECK(w.seen->failure.answer_begun);
    CHECK(!w.seen->failure.new_connection);
  });
}

void TestOptions() {
  for (const DWORD option : {47u, 63u, 88u, 7u}) {
    Test("an option that protects the request is refused: nothing is sent", [option](World& w) {
      w.winhttp.refused_options[option] = 12009;
      w.Start();
      CHECK(w.Events() == "failure WinHttpSetOption 12009");
      CHECK(w.Calls() == "close");
    });
  }
  Test("no redirects, cookies or logon; revocation with offline tolerance", [](World& w) {
    w.Start();
    CHECK(w.winhttp.options[63] ==
          (WINHTTP_DISABLE_COOKIES | WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_AUTHENTICATION));
    CHECK(w.winhttp.options[88] == WINHTTP_OPTION_REDIRECT_POLICY_NEVER);
    CHECK(w.winhttp.options[155] == TRUE);
    CHECK(w.winhttp.options[79] == WINHTTP_ENABLE_SSL_REVOCATION);
    CHECK(w.winhttp.options.count(31) == 0);  // never WINHTTP_OPTION_SECURITY_FLAGS: it could ignore errors
  });
  Test("without offline tolerance there is no revocation check", [](World& w) {
    w.winhttp.refused_options[155] = 12009;
    w.Start();
    CHECK(w.winhttp.options.count(79) == 0);
    CHECK(w.seen->events.back() == "end");
  });
  Test("with it, revocation is not optional", [](World& w) {
    w.winhttp.refused_options[79] = 12009;
    w.Start();
    CHECK(w.Events() == "failure WinHttpSetOption 12009");
  });
}

void TestRequestLines() {
  Test("a path goes out as it is, query included", [](World& w) {
    w.options.path = u"/a%2Fb c?d=%20e f";
    w.Start();
    CHECK(w.winhttp.path == L"/a%2Fb c?d=%20e f");
    CHECK((w.winhttp.open_flags & 0xC0) == 0xC0);  // ESCAPE_DISABLE and ESCAPE_DISABLE_QUERY
    CHECK((w.winhttp.open_flags & WINHTTP_FLAG_SECURE) != 0);
  });
  Test("a response may take for ever when no limit was given", [](World& w) {
    w.Start();
    CHECK(w.winhttp.options[7] == 0xFFFFFFFF);
  });
  Test("and as long as was given otherwise", [](World& w) {
    w.options.response_timeout_ms = 1500;
    w.Start();
    CHECK(w.winhttp.options[7] == 1500);
  });
  Test("headers are added once, also when the request is sent twice", [](World& w) {
    int sends = 0;
    w.options.headers = u"A: 1\r\n";
    w.options.body = {1, 2};
    w.winhttp.on_send = [&] {
      if (++sends == 1) return w.winhttp.Error(API_SEND_REQUEST, 12032), TRUE;
      return w.winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE), TRUE;
    };
    w.Start();
    CHECK(w.winhttp.sent_headers == L"A: 1\r\n");
    CHECK(w.winhttp.sent_total == 2);
    CHECK(w.Calls() == "send send receive query close");
    CHECK(w.Events() == "head 200, end");
  });
}

void TestProxies() {
  const auto sending = [](World& w, DWORD certificate_error) {
    w.winhttp.on_send = [&w, certificate_error] {
      w.winhttp.certificate_error = certificate_error;
      w.winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDING_REQUEST);
      return w.winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE), TRUE;
    };
    w.winhttp.status_code = 502;
  };
  Test("a tunnel that was refused is not an answer of the server", [&](World& w) {
    sending(w, ERROR_WINHTTP_INCORRECT_HANDLE_STATE);
    w.Start();
    CHECK(w.Events() == "failure WinHttpReceiveResponse 12029");
    CHECK(w.seen->failure.proxy_status == 502);
  });
  Test("over TLS it is, and the certificate that was looked at is given back", [&](World& w) {
    sending(w, 0);
    w.Start();
    CHECK(w.Events() == "head 502, end");
    CHECK(w.winhttp.certificates == 0);
  });
  Test("and so it is where WinHTTP does not tell", [&](World& w) {
    sending(w, 12009);
    w.Start();
    CHECK(w.Events() == "head 502, end");
  });
}

void TestUploads() {
  const auto bytes = [](const char* text) { return std::vector<std::uint8_t>(text, text + std::strlen(text)); };
  Test("a chunked upload is framed, and the answer is waited for after the last chunk", [&](World& w) {
    std::string sent;
    w.options.method = u"POST";
    w.options.body_kind = BodyKind::kChunked;
    w.winhttp.on_write = [&](std::string piece) {
      sent += piece;
      return w.winhttp.Report(WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE), TRUE;
    };
    w.Start();
    CHECK(w.winhttp.sent_headers == L"Transfer-Encoding: chunked\r\n");
    CHECK(w.winhttp.sent_total == 0);
    CHECK(!w.request->Write({}));
    CHECK(w.request->Write(bytes("one")));
    CHECK(w.request->Write(bytes("0123456789abcdef")));
    CHECK(w.Events() == "writable, writable, writable");
    CHECK(w.request->EndBody());
    CHECK(!w.request->EndBody());
    CHECK(sent == "3\r\none\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
    CHECK(w.Events() == "writable, writable, writable, head 200, end");
  });
  Test("a known length is kept to", [&](World& w) {
    w.options.body_kind = BodyKind::kKnownLength;
    w.options.body_length = 5;
    w.winhttp.on_write = [&](std::string) { return w.winhttp.Report(WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE), TRUE; };
    w.Start();
    CHECK(w.winhttp.sent_total == 5);
    CHECK(!w.request->Write(bytes("toolong")));
    CHECK(!w.request->EndBody());
    CHECK(w.request->Write(bytes("abc")));
    CHECK(w.request->Write(bytes("de")));
    CHECK(w.seen->events.back() == "end");
  });
  Test("beyond 4 GiB the length is a header of its own", [](World& w) {
    w.options.body_kind = BodyKind::kKnownLength;
    w.options.body_length = 0x100000000;
    w.Start();
    CHECK(w.winhttp.sent_headers == L"Content-Length: 4294967296\r\n");
    CHECK(w.winhttp.sent_total == 0);
    w.request->Abort();
  });
  Test("a server that answers early and closes is heard", [&](World& w) {
    w.options.body_kind = BodyKind::kChunked;
    w.winhttp.status_code = 413;
    w.winhttp.on_write = [&](std::string) {
      w.winhttp.Error(API_WRITE_DATA, 10054);
      w.winhttp.last_error = 10054;
      return FALSE;  // said twice
    };
    w.Start();
    CHECK(w.request->Write(bytes("x")));
    CHECK(w.Events() == "writable, head 413, end");
  });
  Test("when it did not answer, the failed write is the failure", [&](World& w) {
    w.options.body_kind = BodyKind::kChunked;
    w.winhttp.on_write = [&](std::string) { return w.winhttp.Error(API_WRITE_DATA, 12030), TRUE; };
    w.winhttp.on_receive = [&] { return w.winhttp.Error(API_RECEIVE_RESPONSE, 12152), TRUE; };
    w.Start();
    CHECK(w.request->Write(bytes("x")));
    CHECK(w.Events() == "writable, failure WinHttpWriteData 12030");
  });
}

void TestAborts() {
  Test("Windows: closing cancels, and the cancelled operation reports 12017 before the handle closes", [](World& w) {
    w.winhttp.on_receive = [] { return TRUE; };
    w.winhttp.on_close = [&] {
      w.winhttp.Error(API_RECEIVE_RESPONSE, 12017);
      w.winhttp.Closing();
    };
    w.Start();
    w.request->Abort();
    w.request->Abort();
    CHECK(w.Events().empty());
    CHECK(w.Calls() == "send receive close");
  });
  Test("Wine: closing cancels nothing, the operation succeeds afterwards", [](World& w) {
    w.winhttp.on_receive = [] { return TRUE; };
    w.winhttp.on_close = [] {};
    w.Start();
    w.request->Abort();
    CHECK(w.seen->closed == 0);
    w.winhttp.Report(WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE);
    CHECK(w.Events().empty());
    w.winhttp.Closing();
  });
  Test("an abort inside of a callback closes when the call that caused it is over", [](World& w) {
    w.winhttp.on_query = [&] {
      w.request->Abort();
      CHECK(w.winhttp.calls.back() == "query");
      return w.winhttp.Available(5), TRUE;
    };
    w.options.read_ahead_bytes = 0;
    w.Start();
    w.request->GrantRead(10);
    CHECK(w.Calls() == "send receive query close");
    CHECK(w.Events() == "head 200");
  });
  Test("nothing is accepted after an abort", [](World& w) {
    w.options.body_kind = BodyKind::kChunked;
    w.Start();
    w.request->Abort();
    CHECK(!w.request->Write({1}));
    CHECK(!w.request->EndBody());
    w.request->GrantRead(1);
    CHECK(w.Events() == "writable");
  });
}

void TestShortage() {
  Test("a pool that gives no thread costs the caller's time, not the request", [](World& w) {
    w.winhttp.refuses_threads = true;
    w.Start();
    CHECK(w.Events() == "head 200, end");
  });
  Test("what is thrown while an event is told, in a callback or between two calls, is the failure", [](World& w) {
    w.seen->throws_on_body = true;
    w.winhttp.on_query = [&] { return w.winhttp.Available(3), TRUE; };
    w.winhttp.on_read = [&](std::uint8_t*, DWORD size) { return w.winhttp.Read(size), TRUE; };
    w.Start();
    CHECK(w.Events() == "head 200, failure std::exception 14");
  });
  Test("whatever it is", [](World& w) {
    w.seen->throws_on_head = true;
    w.Start();
    CHECK(w.Events() == "failure std::exception 14");
  });
  std::printf("- each allocation in turn fails: the caller or the observer hears of it, and everything is let go\n");
  constexpr long kMostAllocations = 500;
  long failed = 0;
  for (long nth = 0; nth < kMostAllocations; ++nth) {
    World w;
    w.options.method = u"POST";
    w.options.body_kind = BodyKind::kChunked;
    w.options.headers = u"A-Header: that is too long for a string without memory of its own\r\n";
    DWORD left = 10;
    w.winhttp.on_query = [&] { return w.winhttp.Available(left), TRUE; };
    w.winhttp.on_read = [&](std::uint8_t*, DWORD size) {
      left -= size;
      return w.winhttp.Read(size), TRUE;
    };
    w.winhttp.on_write = [&](const std::string&) {
      return w.winhttp.Report(WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE), TRUE;
    };
    w.seen->events.reserve(100);
    std::vector<std::uint8_t> chunk(40, 'x');
    bool is_thrown = false;
    failing_memory::has_failed = false;
    failing_memory::left = nth;
    try {
      w.Start();
      w.request->Write(std::move(chunk));
      w.request->EndBody();
    } catch (const std::bad_alloc&) {
      is_thrown = true;
    }
    failing_memory::left = -1;
    if (!failing_memory::has_failed) break;
    ++failed;
    const std::string events = w.Events();
    const bool is_told = events.find("failure std::exception 14") != std::string::npos;
    const bool is_finished = events.find("end") != std::string::npos;
    CHECK(is_thrown || is_told || is_finished);
    if (!w.request) continue;  // it did not begin
    w.request->Abort();
    CHECK(w.seen->closed == 1);
    const std::weak_ptr<WinHttpRequest> alive = w.request;
    w.request.reset();
    CHECK(alive.expired());
  }
  std::printf("  (%ld allocations)\n", failed);
  CHECK(failed > 20 && failed < kMostAllocations);
}

// Callbacks on other threads, grants and aborts at any moment. The sanitizers judge.
void TestRaces() {
  std::printf("- callbacks, grants and aborts from three threads, 300 times\n");
  std::mt19937 random(20260101);
  for (int round = 0; round < 300; ++round) {
    World world;
    world.winhttp.submit_inline = false;
    std::mutex threads_mutex;
    std::vector<std::thread> threads;
    const auto later = [&](std::function<void()> work) {
      const std::lock_guard<std::mutex> lock(threads_mutex);
      threads.emplace_back(std::move(work));
    };
    auto& winhttp = world.winhttp;
    winhttp.on_send = [&] {
      return later([&] { winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE); }), TRUE;
    };
    winhttp.on_receive = [&] {
      return later([&] { winhttp.Report(WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE); }), TRUE;
    };
    winhttp.on_query = [&] { return later([&] { winhttp.Available(600); }), TRUE; };
    winhttp.on_read = [&](std::uint8_t*, DWORD size) { return later([&, size] { winhttp.Read(size); }), TRUE; };
    winhttp.on_close = [&] { later([&] { winhttp.Closing(); }); };
    world.Start();
    const auto granting = world.request;
    std::thread granter([granting] {
      for (int i = 0; i < 5; ++i) granting->GrantRead(700);
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
    world.request->Abort();
    granter.join();
    while (world.seen->closed == 0) std::this_thread::yield();
    for (;;) {
      scripted::JoinWork();
      std::vector<std::thread> joining;
      {
        const std::lock_guard<std::mutex> lock(threads_mutex);
        joining.swap(threads);
      }
      if (joining.empty()) break;
      for (std::thread& thread : joining) thread.join();
    }
    CHECK(world.seen->closed == 1);
  }
}

}  // namespace

int main() {
  TestAnswers();
  TestFailures();
  TestOptions();
  TestRequestLines();
  TestProxies();
  TestUploads();
  TestAborts();
  TestShortage();
  TestRaces();
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
