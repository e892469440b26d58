// SPDX-License-Identifier: MIT
// The open conversations, and to which of them a message belongs.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/wpi/interaction.hpp"
#include "provisioning/wpi/secrets.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace wpi {

struct SessionLimits {
    std::chrono::milliseconds idle = std::chrono::seconds(120);    ///< (unknown; default 120 s)
    std::chrono::milliseconds longest = std::chrono::seconds(900); ///< (unknown; default 900 s)
    std::size_t in_all = 4000;
    std::size_t per_source = 2000; ///< a branch office may sit behind one address
    std::size_t per_phone = 4;     ///< anybody can call in a phone's name
    std::size_t partial_bytes = std::size_t{64} << 20U; ///< of replies in parts, over all
};

/// One conversation. Its first fields never change; `interaction` is for who holds `talking`.
struct Session {
    Session(std::string id_,
            base::Mac mac_,
            base::Ipv4 source_,
            base::Steady opened_,
            std::optional<std::int64_t> window_)
        : id(std::move(id_)), mac(mac_), source(source_), opened(opened_), window(window_) {}

    const std::string id; ///< 32 upper-case hex digits: who has it is the phone
    const base::Mac mac;
    const base::Ipv4 source;
    const base::Steady opened;
    const std::optional<std::int64_t> window; ///< the enrolment window that it has

    std::mutex talking; ///< one message at a time
    Interaction interaction;
    std::string model;
    std::string firmware;
    std::string contact_me_uri;  ///< as it says
    std::string firmware_before; ///< what it ran when it called last
    bool spent_window = false;   ///< secrets went out in it, and may go on doing so
};

/// From any thread.
class Sessions {
  public:
    Sessions(const base::Clock& clock, SessionLimits limits) : clock_(clock), limits_(limits) {}

    /// For an opening message. What this phone had open from there ends, unless that has an
    /// enrolment window: nobody takes it away from who called first. `window`: that the phone would
    /// get its secrets in; the session has it if no other one does. Refused: too many.
    base::Result<std::shared_ptr<Session>> open(base::Mac mac,
                                                base::Ipv4 source,
                                                std::uint64_t connection,
                                                std::optional<std::int64_t> window);

    struct Found {
        std::shared_ptr<Session> session; ///< null: none
        Match match = Match::peer;
    };

    /// By cookie, else by connection, else the only one that is open from there and has shown
    /// neither, and has no window; always from the address that opened it. A cookie that is not
    /// known (any more) finds nothing: its conversation is over.
    Found find(std::string_view cookies, std::uint64_t connection, base::Ipv4 source);

    bool close(const Session& session); ///< false: it was over already

    /// What its replies in parts take now; false: all together take too much, and it has to end.
    bool hold(const Session& session, std::size_t partial_bytes);

    /// Ends what idles or lasts for too long, and returns it.
    std::vector<std::shared_ptr<Session>> expire();
    /// What open() ended: with the parts of replies that they hold they do not wait for expire().
    std::vector<std::shared_ptr<Session>> take_ended();
    bool has(base::Mac mac) const;
    bool is_open(const Session& session) const;
    std::size_t size() const;

    /// "JSESSIONID=…; Path=/DeploymentService; Secure": name, path and flags of the vendor's own
    /// service, and nothing else, since phones of many ages read it.
    static std::string set_cookie(const Session& session);

  private:
    struct Open {
        std::shared_ptr<Session> session;
        std::uint64_t connection = 0;
        base::Steady used{};
        bool has_proved = false; ///< it showed its cookie or its connection once
        std::size_t partial_bytes = 0;
    };

    using Place = std::unordered_map<std::string, Open>::iterator;

    /// What ended and was not told yet: until then it holds its parts.
    struct Ended {
        std::shared_ptr<Session> session;
        std::size_t partial_bytes = 0;
    };

    bool is_over(const Open& open, base::Steady now) const;
    void end(Place place);
    void end_and_tell(Place place);
    void end_old();
    std::vector<std::shared_ptr<Session>> told();
    void move_to(Open& open, std::uint64_t connection);

    const base::Clock& clock_;
    const SessionLimits limits_;

    mutable std::mutex lock_;                    ///< of what follows
    std::unordered_map<std::string, Open> open_; ///< by id
    std::unordered_map<std::uint64_t, std::string> by_connection_;
    std::multimap<base::Ipv4, std::string> by_source_;
    std::multimap<base::Mac, std::string> by_phone_;
    std::vector<Ended> ended_;
    std::size_t partial_bytes_ = 0;
};

/// The value of a cookie of this name; phones send attributes along as if they were cookies, and
/// those are passed over.
std::string_view cookie_named(std::string_view cookies, std::string_view name) noexcept;

} // namespace wpi
