// SPDX-License-Identifier: MIT
// Book-keeping of conversations: ids, look-ups, bounds and ends.
#include "provisioning/wpi/sessions.hpp"

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace wpi {
namespace {

using base::Errc;
using base::fail;

constexpr std::string_view cookie_name = "JSESSIONID";

std::string upper(std::string text) {
    for (auto& c : text) {
        if (c >= 'a' && c <= 'f') {
            c = static_cast<char>(c - 'a' + 'A');
        }
    }
    return text;
}

template <class Map> void erase_from(Map& map, typename Map::key_type key, const std::string& id) {
    const auto [first, last] = map.equal_range(key);
    const auto found =
        std::find_if(first, last, [&](const auto& entry) { return entry.second == id; });
    if (found != last) {
        map.erase(found);
    }
}

} // namespace

std::string_view cookie_named(std::string_view cookies, std::string_view name) noexcept {
    while (!cookies.empty()) {
        const auto end = cookies.find(';');
        const auto pair = base::trim(cookies.substr(0, end));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && base::trim(pair.substr(0, equals)) == name) {
            auto value = base::trim(pair.substr(equals + 1));
            if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
                value = value.substr(1, value.size() - 2);
            }
            return value;
        }
        cookies = end == std::string_view::npos ? std::string_view() : cookies.substr(end + 1);
    }
    return {};
}

std::string Sessions::set_cookie(const Session& session) {
    return fmt::format("{}={}; Path=/DeploymentService; Secure", cookie_name, session.id);
}

bool Sessions::is_over(const Open& open, base::Steady now) const {
    return now - open.used >= limits_.idle || now - open.session->opened >= limits_.longest;
}

void Sessions::end(Place place) {
    auto& open = place->second;
    const auto& id = place->first;
    partial_bytes_ -= open.partial_bytes;
    if (const auto found = by_connection_.find(open.connection);
        found != by_connection_.end() && found->second == id) {
        by_connection_.erase(found);
    }
    erase_from(by_source_, open.session->source, id);
    erase_from(by_phone_, open.session->mac, id);
    open_.erase(place);
}

base::Result<std::shared_ptr<Session>> Sessions::open(base::Mac mac,
                                                      base::Ipv4 source,
                                                      std::uint64_t connection,
                                                      std::optional<std::int64_t> window) {
    std::array<std::uint8_t, 16> random{};
    if (const auto filled = base::random_bytes(random); !filled) {
        return tl::unexpected(filled.error());
    }
    auto id = upper(base::hex(random));
    const auto now = clock_.now();
    const std::lock_guard hold(lock_);

    std::vector<Place> old;
    Place eldest = open_.end();
    std::size_t count = 0;
    const auto [first, last] = by_phone_.equal_range(mac);
    for (auto one = first; one != last; ++one) {
        const auto place = open_.find(one->second);
        const auto& session = *place->second.session;
        if (is_over(place->second, now) || (session.source == source && !session.window)) {
            old.push_back(place);
            continue;
        }
        if (session.window && window == session.window) {
            window.reset();
        }
        ++count;
        if (!session.window &&
            (eldest == open_.end() || place->second.used < eldest->second.used)) {
            eldest = place;
        }
    }
    if (count >= limits_.per_phone && eldest != open_.end()) {
        old.push_back(eldest);
    }
    for (const auto place : old) {
        end_and_tell(place);
    }
    if (open_.size() >= limits_.in_all || by_source_.count(source) >= limits_.per_source) {
        end_old();
    }
    if (open_.size() >= limits_.in_all) {
        return fail(Errc::refused, "{} conversations are open", open_.size());
    }
    if (by_source_.count(source) >= limits_.per_source) {
        return fail(Errc::refused, "{} conversations are open from {}", limits_.per_source,
                    source.str());
    }
    auto session = std::make_shared<Session>(id, mac, source, now, window);
    by_source_.emplace(source, id);
    by_phone_.emplace(mac, id);
    auto& open = open_[id];
    open.session = session;
    open.used = now;
    move_to(open, connection);
    return session;
}

/// A connection has one conversation: the last that was opened on it, or that showed its cookie.
void Sessions::move_to(Open& open, std::uint64_t connection) {
    if (const auto found = by_connection_.find(open.connection);
        found != by_connection_.end() && found->second == open.session->id) {
        by_connection_.erase(found);
    }
    open.connection = connection;
    if (connection != 0) {
        by_connection_[connection] = open.session->id;
    }
}

Sessions::Found
Sessions::find(std::string_view cookies, std::uint64_t connection, base::Ipv4 source) {
    const auto now = clock_.now();
    const std::lock_guard hold(lock_);
    const auto usable = [&](const std::string& id) {
        const auto place = open_.find(id);
        return place != open_.end() && place->second.session->source == source &&
                       !is_over(place->second, now)
                   ? place
                   : open_.end();
    };
    if (const auto id = std::string(cookie_named(cookies, cookie_name)); !id.empty()) {
        const auto place = usable(id);
        if (place == open_.end()) {
            return {};
        }
        place->second.used = now;
        place->second.has_proved = true;
        move_to(place->second, connection);
        return {place->second.session, Match::cookie};
    }
    if (const auto on = by_connection_.find(connection); on != by_connection_.end()) {
        const auto place = usable(on->second);
        if (place != open_.end()) {
            place->second.used = now;
            place->second.has_proved = true;
            return {place->second.session, Match::connection};
        }
    }
    const auto [first, last] = by_source_.equal_range(source);
    auto only = open_.end();
    for (auto one = first; one != last; ++one) {
        const auto place = usable(one->second);
        if (place == open_.end()) {
            continue;
        }
        // Whoever shares the address could take its window, or break it off, by an answer.
        if (place->second.session->window) {
            return {};
        }
        if (only != open_.end()) {
            return {};
        }
        only = place;
    }
    if (only == open_.end() || only->second.has_proved) {
        return {};
    }
    only->second.used = now;
    return {only->second.session, Match::peer};
}

bool Sessions::close(const Session& session) {
    const std::lock_guard hold(lock_);
    const auto place = open_.find(session.id);
    if (place == open_.end()) {
        return false;
    }
    end(place);
    return true;
}

bool Sessions::hold(const Session& session, std::size_t partial_bytes) {
    const std::lock_guard hold(lock_);
    const auto place = open_.find(session.id);
    if (place == open_.end()) {
        return true; // it ended meanwhile, and what it holds goes with it
    }
    partial_bytes_ += partial_bytes - place->second.partial_bytes;
    place->second.partial_bytes = partial_bytes;
    return partial_bytes_ <= limits_.partial_bytes;
}

void Sessions::end_and_tell(Place place) {
    // Whoever calls anew again and again leaves parts behind each time.
    ended_.push_back({place->second.session, std::exchange(place->second.partial_bytes, 0)});
    end(place);
}

void Sessions::end_old() {
    const auto now = clock_.now();
    for (auto place = open_.begin(); place != open_.end();) {
        const auto here = place++;
        if (is_over(here->second, now)) {
            end_and_tell(here);
        }
    }
}

std::vector<std::shared_ptr<Session>> Sessions::told() {
    std::vector<std::shared_ptr<Session>> told;
    told.reserve(ended_.size());
    for (auto& one : std::exchange(ended_, {})) {
        partial_bytes_ -= one.partial_bytes;
        told.push_back(std::move(one.session));
    }
    return told;
}

std::vector<std::shared_ptr<Session>> Sessions::expire() {
    const std::lock_guard hold(lock_);
    end_old();
    return told();
}

std::vector<std::shared_ptr<Session>> Sessions::take_ended() {
    const std::lock_guard hold(lock_);
    return told();
}

bool Sessions::has(base::Mac mac) const {
    const auto now = clock_.now();
    const std::lock_guard hold(lock_);
    const auto [first, last] = by_phone_.equal_range(mac);
    return std::any_of(first, last,
                       [&](const auto& entry) { return !is_over(open_.at(entry.second), now); });
}

bool Sessions::is_open(const Session& session) const {
    const std::lock_guard hold(lock_);
    return open_.count(session.id) != 0;
}

std::size_t Sessions::size() const {
    const std::lock_guard hold(lock_);
    return open_.size();
}

} // namespace wpi
