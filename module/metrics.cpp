// SPDX-License-Identifier: MIT
#include "module/metrics.hpp"

#include <fmt/format.h>

namespace engine {

void Metrics::family(std::string_view name, std::string_view help, bool is_counter) {
    family_ = fmt::format("pnp_{}{}", name, is_counter ? "_total" : "");
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family_, help, family_,
                         is_counter ? "counter" : "gauge");
}

void Metrics::member(std::string_view label, std::string_view word, std::uint64_t value) {
    // The words are our own: none has a quote or a backslash in it.
    text_ += fmt::format("{}{{{}=\"{}\"}} {}\n", family_, label, word, value);
}

void Metrics::counter(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, help, true);
    text_ += fmt::format("{} {}\n", family_, value);
}

void Metrics::gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, help, false);
    text_ += fmt::format("{} {}\n", family_, value);
}

} // namespace engine
