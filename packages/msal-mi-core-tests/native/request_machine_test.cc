// The state machine of a request, alone: no WinHTTP, no threads, no memory.
#include "win32/request_machine.h"

#include <cstdlib>
#include <string>

#include "checks.h"

using namespace msal_mi;
using Notice = RequestMachine::Notice;
using Step = RequestMachine::Step;

namespace {

constexpr std::uint32_t kResend = 12032;

RequestMachine Sent(const RequestPlan& plan = {}) {
  RequestMachine machine(plan);
  machine.Begin();
  CHECK(machine.TakeStep() == Step::kOpen);
  machine.OnOpened();
  CHECK(machine.TakeStep() == Step::kSend);
  return machine;
}

RequestMachine Receiving() {
  RequestMachine machine = Sent();
  CHECK(machine.OnSent() == Notice::kNone);
  CHECK(machine.TakeStep() == Step::kReceive);
  return machine;
}

bool Failed(const RequestMachine& machine, const std::string& api, std::uint32_t status) {
  return machine.failure().api == api && machine.failure().status == status;
}

void TestSendingAgain() {
  std::printf("- a request that WinHTTP wants again is sent again, on the same handle\n");
  {
    RequestMachine machine = Sent();
    CHECK(machine.OnFailed(Call::kSend, kResend) == Notice::kNone);
    CHECK(machine.OnFailed(Call::kSend, kResend) == Notice::kNone);  // told by the result and by the callback
    CHECK(machine.TakeStep() == Step::kSend);
    CHECK(machine.TakeStep() == Step::kNone);
    machine.OnSent();
    CHECK(machine.TakeStep() == Step::kReceive);
  }
  std::printf("- also when only the answer says so; what the first attempt met is forgotten\n");
  {
    RequestMachine machine = Receiving();
    machine.OnConnected();
    machine.OnBytes(10);
    CHECK(machine.OnFailed(Call::kReceive, kResend) == Notice::kNone);
    CHECK(machine.TakeStep() == Step::kSend);
    CHECK(machine.OnFailed(Call::kSend, 12030) == Notice::kFailure);
    CHECK(!machine.failure().new_connection);
    CHECK(!machine.failure().answer_begun);
  }
  std::printf("- but not for ever\n");
  {
    RequestMachine machine = Receiving();
    int sends = 0;
    Notice notice = Notice::kNone;
    while (notice == Notice::kNone && ++sends < 100) {
      notice = machine.OnFailed(Call::kReceive, kResend);
      if (machine.TakeStep() == Step::kSend) machine.OnSent();
      machine.TakeStep();
    }
    CHECK(sends == 4);
    CHECK(Failed(machine, "WinHttpReceiveResponse", kResend));
  }
  std::printf("- and not with a body that is already gone\n");
  {
    RequestMachine machine = Sent({BodyKind::kKnownLength, 3, 0});
    CHECK(machine.OnSent() == Notice::kWritable);
    CHECK(machine.Write(3));
    CHECK(machine.TakeStep() == Step::kWrite);
    machine.OnWritten();
    CHECK(machine.OnFailed(Call::kReceive, kResend) == Notice::kFailure);
    CHECK(Failed(machine, "WinHttpReceiveResponse", kResend));
  }
}

void TestProxies() {
  std::printf("- the proxy's answer to CONNECT is not the beginning of the server's\n");
  {
    RequestMachine machine = Sent();
    machine.OnConnected();
    machine.OnSendingRequest(false);
    machine.OnBytes(39);
    machine.OnSendingRequest(true);
    CHECK(machine.OnFailed(Call::kSend, 12030) == Notice::kFailure);
    CHECK(machine.failure().new_connection);
    CHECK(!machine.failure().answer_begun);
  }
  for (const std::uint32_t status : {403u, 502u, 407u, 401u}) {
    std::printf("- a tunnel that the proxy refused (%u) is a failure, not an answer\n", status);
    RequestMachine machine = Sent();
    machine.OnSendingRequest(false);
    machine.OnSent();
    machine.TakeStep();
    machine.OnBytes(100);
    machine.OnHeadersAvailable();
    CHECK(machine.TakeStep() == Step::kReadHead);
    CHECK(machine.OnHead({status, std::nullopt}) == Notice::kFailure);
    CHECK(Failed(machine, "WinHttpReceiveResponse", 12029));
    CHECK(machine.failure().proxy_status == status);
    CHECK(!machine.failure().answer_begun);
  }
  std::printf("- 407 never comes from a server, whatever WinHTTP says of the connection\n");
  {
    RequestMachine machine = Receiving();
    machine.OnSendingRequest(true);
    machine.OnHeadersAvailable();
    CHECK(machine.OnHead({407, std::nullopt}) == Notice::kFailure);
    CHECK(machine.failure().proxy_status == 407);
  }
  std::printf("- over TLS the same statuses are answers\n");
  for (const std::uint32_t status : {403u, 502u}) {
    RequestMachine machine = Receiving();
    machine.OnSendingRequest(true);
    machine.OnHeadersAvailable();
    CHECK(machine.OnHead({status, std::nullopt}) == Notice::kHead);
  }
}

void TestOrder() {
  std::printf("- events that belong to no operation in flight change nothing\n");
  {
    RequestMachine machine(RequestPlan{});
    CHECK(machine.OnSent() == Notice::kNone);
    CHECK(machine.OnWritten() == Notice::kNone);
    CHECK(machine.OnDataAvailable(5) == Notice::kNone);
    CHECK(machine.OnRead(5) == Notice::kNone);
    CHECK(machine.OnDelivered() == Notice::kNone);
    machine.OnHeadersAvailable();
    CHECK(machine.TakeStep() == Step::kNone);
    CHECK(!machine.Write(1));
    CHECK(!machine.EndBody());
  }
  std::printf("- a request is over once, and after its close there is no step\n");
  {
    RequestMachine machine = Receiving();
    CHECK(machine.OnFailed(Call::kReceive, 10054) == Notice::kFailure);
    CHECK(machine.OnFailed(Call::kReceive, 12152) == Notice::kNone);
    CHECK(machine.OnFailed("std::exception", 14) == Notice::kNone);
    CHECK(Failed(machine, "WinHttpReceiveResponse", 10054));
    machine.Close();
    CHECK(machine.TakeStep() == Step::kClose);
    machine.Abort();
    machine.Grant(5);
    CHECK(machine.TakeStep() == Step::kNone);
  }
  std::printf("- a failed write waits for the answer; without one, the write is the failure\n");
  {
    RequestMachine machine = Sent({BodyKind::kChunked, 0, 0});
    CHECK(machine.OnSent() == Notice::kWritable);
    CHECK(machine.Write(1));
    CHECK(machine.TakeStep() == Step::kWrite);
    CHECK(machine.OnFailed(Call::kWrite, 10054) == Notice::kNone);
    CHECK(machine.OnFailed(Call::kWrite, 10054) == Notice::kNone);
    CHECK(machine.TakeStep() == Step::kReceive);
    CHECK(machine.OnFailed(Call::kReceive, 12152) == Notice::kFailure);
    CHECK(Failed(machine, "WinHttpWriteData", 10054));
  }
  std::printf("- no more is read than was granted, and never more than a buffer\n");
  {
    RequestMachine machine = Sent({BodyKind::kWhole, 0, 70'000});
    machine.OnSent();
    machine.TakeStep();
    machine.OnHeadersAvailable();
    machine.TakeStep();
    CHECK(machine.OnHead({200, std::nullopt}) == Notice::kHead);
    machine.OnDelivered();
    CHECK(machine.TakeStep() == Step::kQuery);
    machine.OnDataAvailable(1'000'000);
    CHECK(machine.read_size() == 65'536);
    CHECK(machine.TakeStep() == Step::kRead);
    CHECK(machine.OnRead(99'999'999) == Notice::kBody);  // more than the buffer holds
    CHECK(machine.arrived() == 65'536);
    machine.OnDelivered();
    machine.TakeStep();
    machine.OnDataAvailable(1'000'000);
    CHECK(machine.read_size() == 70'000 - 65'536);
    machine.TakeStep();
    CHECK(machine.OnRead(machine.read_size()) == Notice::kBody);
    machine.OnDelivered();
    CHECK(machine.TakeStep() == Step::kNone);
    machine.Grant(1);
    CHECK(machine.TakeStep() == Step::kQuery);
  }
}

}  // namespace

int main() {
  TestSendingAgain();
  TestProxies();
  TestOrder();
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
