// One exchange with a scripted WinHTTP: answers, failures, uploads, and what Windows does and Wine cannot.
#include "request_world.h"

#include <cstdlib>
#include <cstring>

namespace {

void TestAnswers() {
  Test("every callback inside of its call: head, body, end, one close", [](World& w) {
    DWORD left = 10;
    w.winhttp.on_query = [&] { return w.winhttp.Available(left), TRUE; };
    w.winhttp.on_read = [&](std::uint8_t* out, DWORD size) {
      std::fill_n(out, size, 'x');
      left -= size;
      return w.winhttp.HasRead(size), TRUE;
    };
    w.Start();
    CHECK(w.Events() == "head 200, body 10, end");
    CHECK(w.Calls() == "send receive query read query close");
  });
  Test("a declared length makes the last question unnecessary", [](World& w) {
    w.winhttp.answered_headers = L"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    w.winhttp.on_query = [&] { return w.winhttp.Available(4), TRUE; };
    w.winhttp.on_read = [&](std::uint8_t*, DWORD size) { return w.winhttp.HasRead(size), TRUE; };
    w.Start();
    CHECK(w.Events() == "head 200, body 4, end");
    CHECK(w.Calls() == "send receive query read close");
  });
  Test("a body shorter than declared is a failure", [](World& w) {
    w.winhttp.answered_headers = L"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    w.Start();
    CHECK(w.Events() == "head 200, failure WinHttpReadData 38");
  });
  Test("HEAD and 304 declare lengths of bodies that do not come", [](World& w) {
    w.options.method = u"HEAD";
    w.winhttp.answered_headers = L"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
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
      return w.winhttp.HasRead(size), TRUE;
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
      return w.winhttp.HasRead(size), TRUE;
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
      w.winhttp.error = 10060;
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
      w.winhttp.error = ERROR_IO_PENDING;
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
    w.winhttp.answered_status = 413;
    w.winhttp.on_write = [&](std::string) {
      w.winhttp.Error(API_WRITE_DATA, 10054);
      w.winhttp.error = 10054;
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

}  // namespace

int main() {
  TestAnswers();
  TestFailures();
  TestUploads();
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
