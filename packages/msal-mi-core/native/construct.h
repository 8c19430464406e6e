// Makes instances of classes that JavaScript cannot make itself: the native state waits in the environment while the
// constructor is called, and a constructor that finds none refuses.
#pragma once

#include <napi.h>

#include <any>
#include <utility>

#include "environment.h"

namespace msal_mi {

template <typename State>
Napi::Value Construct(const Napi::FunctionReference& constructor, State state) {
  Environment::Of(constructor.Env()).pending_state = std::move(state);
  return constructor.New({});
}

template <typename State>
State TakeState(const Napi::CallbackInfo& info) {
  std::any pending = std::exchange(Environment::Of(info.Env()).pending_state, {});
  auto* state = std::any_cast<State>(&pending);
  if (state == nullptr) throw Napi::TypeError::New(info.Env(), "Illegal constructor");
  return std::move(*state);
}

}  // namespace msal_mi
