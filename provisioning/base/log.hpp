// SPDX-License-Identifier: MIT
// Log lines: room first, sentence after, through a sink that the host gives us.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace base::log {

/// debug = what went over the wire, info = a device did something, warn = an operator should look,
/// error = a service is not working.
enum class Level : std::uint8_t { debug, info, warn, error };

/// Called from any of our threads, one call at a time. The default writes to standard error.
using Sink = std::function<void(Level, std::string_view room, std::string_view text)>;

void set_sink(Sink sink);
void set_level(std::string_view room, Level level); ///< "" sets all rooms
bool enabled(std::string_view room, Level level);
/// Writes one line; control characters of strangers' bytes are shown as \xNN, never as they came.
void write(Level level, std::string_view room, std::string_view text);

template <class... Args>
void debug(std::string_view room, fmt::format_string<Args...> text, Args&&... args) {
    if (enabled(room, Level::debug)) {
        write(Level::debug, room, fmt::format(text, std::forward<Args>(args)...));
    }
}

template <class... Args>
void info(std::string_view room, fmt::format_string<Args...> text, Args&&... args) {
    if (enabled(room, Level::info)) {
        write(Level::info, room, fmt::format(text, std::forward<Args>(args)...));
    }
}

template <class... Args>
void warn(std::string_view room, fmt::format_string<Args...> text, Args&&... args) {
    if (enabled(room, Level::warn)) {
        write(Level::warn, room, fmt::format(text, std::forward<Args>(args)...));
    }
}

template <class... Args>
void error(std::string_view room, fmt::format_string<Args...> text, Args&&... args) {
    if (enabled(room, Level::error)) {
        write(Level::error, room, fmt::format(text, std::forward<Args>(args)...));
    }
}

} // namespace base::log
