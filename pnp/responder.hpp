// SPDX-License-Identifier: MIT
// The responder without its sockets: datagrams and time go in, datagrams come out.
#pragma once

#include "pnp/answered.hpp"
#include "pnp/context.hpp"
#include "pnp/limits.hpp"
#include "pnp/message.hpp"
#include "pnp/notifying.hpp"
#include "pnp/offering.hpp"
#include "pnp/policy.hpp"
#include "pnp/reach.hpp"
#include "pnp/rivals.hpp"
#include "pnp/service.hpp"
#include "provisioning/base/clock.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pnp {

/// Everything on the loop thread. Nothing is thrown out of any of it.
class Responder {
  public:
    Responder(const base::Clock& clock,
              Settings settings,
              Policy policy,
              Wiring wiring,
              Tally& tally,
              Answered answered = Answered());
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;
    ~Responder() = default;

    void serve(std::vector<Row> rows) noexcept; ///< what was begun on other addresses ends
    void settings(const Settings& settings) noexcept;

    void on_datagram(std::string_view bytes,
                     base::Endpoint source,
                     int interface_index,
                     Channel channel) noexcept;
    void not_sent(const Path& path) noexcept; ///< what send() had taken
    void decided(const std::vector<base::Mac>& macs) noexcept;
    void neighbours_changed(const std::vector<base::Ipv4>& addresses) noexcept;
    void resync(base::Mac mac,
                base::Endpoint phone,
                base::Ipv4 local,
                const std::string& event,
                const std::function<void(ResyncResult)>& done) noexcept;

    void probe(Probe::Done done) noexcept;

    void tick() noexcept;
    std::optional<base::Steady> next_due() const;

    std::vector<LimitedSource> limited() const { return limits_.limited(); } ///< any thread

    std::size_t owed() const noexcept { return offering_.size(); } ///< NOTIFYs, held ones included

    std::size_t transactions() const noexcept { return answered_.size(); }

  private:
    void on_response(std::string_view bytes, base::Endpoint source);
    void on_subscribe(Subscribe request,
                      const Row& row,
                      base::Endpoint source,
                      Channel channel,
                      std::optional<base::Mac> admitted);
    std::optional<Owed>
    accept(Subscribe request, Asked asked, const Row& row, Channel channel, Answer& answer);
    void note_outsider(std::string_view bytes, base::Endpoint source, int interface_index);
    void drop(const base::Error& error, base::Endpoint source);
    bool is_own(base::Endpoint source) const noexcept;
    bool on_foreign(std::string_view bytes, base::Ipv4 source, bool is_near);

    /// What the limits say before anything is parsed, and about which phone.
    struct Glance {
        bool admitted = false;
        std::optional<base::Mac> mac;
    };

    Glance glanced_at(std::string_view bytes, const Row& row, base::Endpoint source);
    bool admits(const Asked& asked, const Belief& belief);
    std::optional<Asked>
    identify(const Subscribe& request, const Row& row, base::Endpoint source) const;
    base::Result<std::uint32_t> fresh_id() const;

    Context context_;
    std::vector<Row> rows_;
    Limits limits_;
    Answered answered_;
    Notifying notifying_;
    Offering offering_;
    std::optional<Probe> probe_;
};

} // namespace pnp
