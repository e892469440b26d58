// SPDX-License-Identifier: MIT
// The rules about several settings together; their names stand for the guide's words.
#pragma once

#include "provisioning/profile/kx/effective.hpp"
#include "provisioning/profile/kx/report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace profile::kx {

/// The settings as sent, by name.
class Sent {
  public:
    explicit Sent(const std::vector<Effective>& settings);

    /// nullptr: no file sets it.
    const Effective* find(std::string_view name) const;
    /// What a file says; empty where none does.
    std::string_view said(std::string_view name) const;
    /// What a file says, else the factory default; empty where that is unknown.
    std::string_view value(std::string_view name) const;
    std::optional<std::int64_t> number(std::string_view name) const;

    /// The first of `names` that a file sets.
    const Effective* first_of(std::initializer_list<std::string_view> names) const;

  private:
    std::unordered_map<std::string_view, const Effective*> settings_;
};

/// `is_whole_phone`: what is not here is nowhere else either.
void check_rules(const Sent& sent, bool is_whole_phone, Report& report);

// By subject; the first are about the phone, the others about one line or button.
/// R-PROVISION, R-RESYNC, R-KEY, R-FIRM
void check_provisioning(const Sent& sent, bool is_whole_phone, Report& report);
void check_network(const Sent& sent, Report& report); ///< R-VLAN, R-WEBPORT, R-TLS, R-2ND, R-NOTIFY
/// R-WHEN: a setting whose condition is not met, where no other rule has words for it.
void check_conditions(const Sent& sent, bool is_whole_phone, Report& report);
void check_lines(const Sent& sent, bool is_whole_phone, Report& report);
void check_media(const Sent& sent, Report& report);   ///< R-CODEC, R-JITTER, R-RTPPORT
void check_buttons(const Sent& sent, Report& report); ///< R-FLEX, R-BLF

constexpr unsigned most_lines = 6;    ///< guide §5.2.1
constexpr unsigned most_buttons = 24; ///< guide §5.6.4

Spot spot_of(const Effective& setting);

} // namespace profile::kx
