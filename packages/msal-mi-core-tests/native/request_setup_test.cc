// What is set on a request before it goes out, and what is looked at when it does.
#include "request_world.h"

#include <cstdlib>

#include "win32_error.h"

namespace {

void TestOptions() {
  for (const DWORD option : {47u, 63u, 88u, 7u}) {
    Test("an option that protects the request is refused: nothing is sent", [option](World& w) {
      w.winhttp.refused_options[option] = 12009;
      w.Start();
      CHECK(w.Events() == "failure WinHttpSetOption 12009");
      CHECK(w.Calls() == "close");
    });
  }
  Test("no redirects, cookies or logon, and no verification of WinHTTP's is touched", [](World& w) {
    w.Start();
    CHECK(w.winhttp.options[63] ==
          (WINHTTP_DISABLE_COOKIES | WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_AUTHENTICATION));
    CHECK(w.winhttp.options[88] == WINHTTP_OPTION_REDIRECT_POLICY_NEVER);
    CHECK(w.winhttp.options.count(31) == 0);  // never WINHTTP_OPTION_SECURITY_FLAGS: it could ignore errors
    CHECK(w.winhttp.options.count(79) == 0);  // a look-up of WinHTTP's own has no limit
  });
}

void TestPools() {
  Test("connections serve their session alone", [](World& w) {
    w.Start();
    CHECK(w.winhttp.options[195] == TRUE);
  });
  for (const DWORD unknown : {12009u, 87u}) {
    Test("a system that does not know the option has no pool that sessions share", [unknown](World& w) {
      w.winhttp.refused_options[195] = unknown;
      w.Start();
      CHECK(w.seen->events.back() == "end");
    });
  }
  bool is_opened = true;
  ScriptedWinHttp failing;
  failing.refused_options[195] = 8;
  fake::Install(&failing);
  try {
    OpenWinHttpSession(fake::Api(), {}, std::make_shared<FakeCertificate>());
  } catch (const Win32Error& error) {
    is_opened = false;
    CHECK(error.status() == 8);
  }
  CHECK(!is_opened);  // what fails for another reason opens no session
}

// Sends once: what WinHTTP tells between the handshake and the request, then that the request is out.
void SendOverTls(World& w) {
  w.winhttp.on_send = [&w] {
    w.winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDING_REQUEST);
    // A handle that was closed inside of the callback sends nothing.
    if (w.winhttp.calls.back() == "close") return TRUE;
    w.winhttp.calls.push_back("(request out)");
    return w.winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE), TRUE;
  };
}

void TestRevocation() {
  Test("the server's chain is asked about, within a limit of our own and without the root", [](World& w) {
    SendOverTls(w);
    w.Start();
    CHECK(w.Events() == "head 200, end");
    CHECK(w.winhttp.chain_parameters.size() == 1);
    CHECK(w.winhttp.chain_parameters[0].dwUrlRetrievalTimeout == 5000);
    CHECK(w.winhttp.chain_parameters[0].cbSize == sizeof(CERT_CHAIN_PARA));
    CHECK(w.winhttp.chain_flags == (0x40000000 | 0x08000000));  // chain but for the root, the limit is for all
  });
  Test("a revoked server gets no request: the handle is closed before the callback returns", [](World& w) {
    SendOverTls(w);
    w.winhttp.chain_errors = CERT_TRUST_IS_REVOKED | CERT_TRUST_IS_OFFLINE_REVOCATION;
    w.Start();
    CHECK(w.Events() == "failure CertGetCertificateChain 12170");
    CHECK(w.Calls() == "send close");
  });
  Test("it is closed once, also when its owner closes it on being told", [](World& w) {
    w.winhttp.on_send = [] { return TRUE; };
    w.winhttp.chain_errors = CERT_TRUST_IS_REVOKED;
    w.seen->on_failure = [&] { w.request->Abort(); };
    w.Start();
    w.winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDING_REQUEST);
    CHECK(w.Calls() == "send close");
  });
  Test("without an answer nothing is revoked", [](World& w) {
    SendOverTls(w);
    w.winhttp.chain_errors = CERT_TRUST_REVOCATION_STATUS_UNKNOWN | CERT_TRUST_IS_OFFLINE_REVOCATION;
    w.Start();
    CHECK(w.Events() == "head 200, end");
  });
  Test("a chain that cannot be built ends the request before it goes out", [](World& w) {
    SendOverTls(w);
    w.winhttp.chain_failure = 14;
    w.Start();
    CHECK(w.Events() == "failure CertGetCertificateChain 14");
    CHECK(w.Calls() == "send close");
  });
  Test("each certificate is asked about once in a session", [](World& w) {
    const auto session = OpenWinHttpSession(fake::Api(), {}, nullptr);
    const auto ask = [&] {
      w.request = WinHttpRequest::Start(session, w.options, std::make_shared<Recorder>());
      return w.winhttp.chain_parameters.size();
    };
    SendOverTls(w);
    CHECK(ask() == 1);
    CHECK(ask() == 1);
    w.winhttp.certificate = "renewed";
    CHECK(ask() == 2);
    CHECK(ask() == 2);
    const auto other = OpenWinHttpSession(fake::Api(), {}, nullptr);
    w.request = WinHttpRequest::Start(other, w.options, w.seen);
    CHECK(w.winhttp.chain_parameters.size() == 3);
  });
  Test("one that is revoked is asked about each time", [](World& w) {
    const auto session = OpenWinHttpSession(fake::Api(), {}, nullptr);
    SendOverTls(w);
    w.winhttp.chain_errors = CERT_TRUST_IS_REVOKED;
    for (std::size_t nth = 1; nth <= 2; ++nth) {
      w.seen = std::make_shared<Recorder>();
      w.request = WinHttpRequest::Start(session, w.options, w.seen);
      CHECK(w.Events() == "failure CertGetCertificateChain 12170");
      CHECK(w.winhttp.chain_parameters.size() == nth);
    }
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
      if (w.winhttp.calls.back() == "close") return TRUE;
      return w.winhttp.Report(WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE), TRUE;
    };
    w.winhttp.answered_status = 502;
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
  Test("where WinHTTP does not tell, nothing goes out", [&](World& w) {
    sending(w, 12009);
    w.Start();
    CHECK(w.Events() == "failure WinHttpQueryOption 12009");
    CHECK(w.Calls() == "send close");
  });
}

}  // namespace

int main() {
  TestOptions();
  TestPools();
  TestRevocation();
  TestRequestLines();
  TestProxies();
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
