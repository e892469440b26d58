// SPDX-License-Identifier: MIT
// Counters in the text format of Prometheus (0.0.4), which node exporters and curl read as well.
#pragma once

#include "module/engine_wpi.hpp"
#include "pnp/service.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/serve/files.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/serve/tftp.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// Nothing here may name a phone: whoever may read it may not be allowed to know them.
class Metrics {
  public:
    /// `name` without the pnp_ in front and the _total behind.
    void counter(std::string_view name, std::string_view help, std::uint64_t value);
    void gauge(std::string_view name, std::string_view help, std::uint64_t value);

    /// One of several values that a label tells apart; `family` starts it.
    void family(std::string_view name, std::string_view help, bool is_counter);
    void member(std::string_view label, std::string_view word, std::uint64_t value);

    std::string text() && { return std::move(text_); }

    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  private:
    std::string text_;
    std::string family_;
};

/// What is told.
struct Counted {
    pnp::Counters sip;
    serve::HttpCounters http;
    serve::TftpCounters tftp;
    serve::FileCounters files;
    WorkpointCounters workpoints;
    std::vector<serve::Files::Penalty> penalties;
    inventory::Snapshot now;
    inventory::Counters store;
};

std::string metrics(const Counted& counted);

} // namespace engine
