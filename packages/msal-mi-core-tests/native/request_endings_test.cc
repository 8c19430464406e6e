// Requests that end early: aborts, shortage of memory and threads, and all of it at once on several threads.
#include "request_world.h"

#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "failing_memory.h"

namespace {

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
    w.winhttp.on_read = [&](std::uint8_t*, DWORD size) { return w.winhttp.HasRead(size), TRUE; };
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
      return w.winhttp.HasRead(size), TRUE;
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
    winhttp.on_read = [&](std::uint8_t*, DWORD size) { return later([&, size] { winhttp.HasRead(size); }), TRUE; };
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
      world.winhttp.JoinWork();
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
  TestAborts();
  TestShortage();
  TestRaces();
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
