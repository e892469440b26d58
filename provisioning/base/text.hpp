// SPDX-License-Identifier: MIT
// Small readings of text that every room needs.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/result.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace base {

std::string_view trim(std::string_view text) noexcept;         ///< blanks and tabs at both ends
bool iequals(std::string_view a, std::string_view b) noexcept; ///< ASCII only
bool istarts_with(std::string_view text, std::string_view prefix) noexcept;
std::string lower(std::string_view text); ///< ASCII only
std::vector<std::string_view> split(std::string_view text,
                                    char separator); ///< trimmed, no empty ones
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept; ///< digits only

/// "500ms", "30s", "10m", "24h", "90d", or plain seconds.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds value); ///< the shortest of the same forms

/// The candidate nearest to `word` by edit distance, if it is near enough to be a slip of the hand.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

/// What the system says of an errno.
std::string why(int error);

/// Replaces control characters and bytes above 126 by \xNN: strangers' bytes in logs and on
/// screens.
std::string printable(std::string_view text, std::size_t most = 200);
/// 2026-01-31T12:00:00Z
std::string iso_time(UnixMs time);
/// The whole file, or an error that names it; files above `most` bytes are refused.
Result<std::string> read_file(const std::string& path, std::size_t most = 1U << 20U);

} // namespace base
