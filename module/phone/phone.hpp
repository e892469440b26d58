// SPDX-License-Identifier: MIT
// The life of one phone: asks, fetches, restarts, registers, stays. One object per phone, no
// globals.
#pragma once

#include "module/phone/answers.hpp"
#include "module/phone/calls.hpp"
#include "module/phone/contact_port.hpp"
#include "module/phone/fetch.hpp"
#include "module/phone/flash.hpp"
#include "module/phone/lines.hpp"
#include "module/phone/place.hpp"
#include "module/phone/report.hpp"
#include "module/phone/schedule.hpp"
#include "module/phone/subscription.hpp"
#include "module/phone/trace.hpp"
#include "module/phone/udp.hpp"
#include "module/phone/vendor.hpp"
#include "module/phone/workpoint.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace phone {

struct Settings {
    const Vendor* vendor = nullptr;
    Identity identity;
    std::string interface;
    std::optional<base::Ipv4> address;
    base::Endpoint group{{0xE000014B}, 5060}; ///< 224.0.1.75
    std::optional<std::uint16_t> local_port;
    std::optional<std::uint16_t> sip_port;
    bool registers = false;
    bool read_all = false;
    bool stays = false;
    std::chrono::milliseconds stay_for{0}; ///< 0: until a signal
    std::chrono::milliseconds wait{30'000};
    std::string state_dir;
    std::string ca_file;
    int max_restarts = 3;
    bool answers = false;                          ///< incoming calls
    std::string number;                            ///< to call, empty for none
    std::optional<std::chrono::milliseconds> talk; ///< then it hangs up
    std::chrono::milliseconds ring{200};
    bool unregisters = false;
    std::string option66; ///< what DHCP brought, empty for nothing
    std::chrono::milliseconds minute{60'000};
    BadLine bad_line = BadLine::refuses_file;
    std::optional<Service> service; ///< of the Workpoint Interface, as DHCP brought it
    WpiLimits wpi;
    std::uint16_t contact_port = 8085; ///< 0 takes any
    bool is_fragile = false;           ///< two contact-me within a second end its web server
    int commands_fd = -1;              ///< what somebody does at the phone, a line each; borrowed
    Timing timing;
};

class Phone {
  public:
    /// `stop_fd` becomes readable when the phone shall end; borrowed, -1 for none.
    Phone(Settings settings, Trace& trace, int stop_fd);

    /// Plugs it in and returns when it has ended; the trace's last line says how far it came.
    Report run();

  private:
    enum class Found { nothing, unchanged, changed };
    enum class Order { none, fetch, restart };

    // The life, in phone.cpp.
    base::Status plug_in();
    Exit live();
    Exit start_until_settled();
    std::string find_url();
    void ask();
    Exit without_url();
    Found walk(const std::string& url);
    FileAnswer fetch(const FileRequest& request, const std::string& name);
    Exit without_file(const std::string& url);
    bool take_file(const std::string& name, const std::string& body, Found& found);
    Exit go_into_service();
    Exit take_stock(); ///< of the accounts
    Exit stay(Exit exit);
    Exit obey(Order order);
    Exit end(Exit exit, std::string message);
    void keep_flash();

    // The life of a phone that is told its files' URLs, in phone_files.cpp.
    struct Checked {
        bool failed = false; ///< a file could not be had
        bool loaded = false; ///< a file was applied
    };

    Provisioning plan() const;
    Exit start_by_files();
    void preprovision();
    Checked check_files();
    Checked fetch_layer(std::string_view name, const FileUrl& file, Layer& layer);
    bool take_layer(std::string_view name, const FileAnswer& answer, Layer& layer);
    Exit judge_files(Checked checked);
    Exit restart_by_files();
    Exit look_again(Exit exit); ///< the moment of next_check_ has come
    Exit look_for_lines(Exit exit);
    bool wants_firmware() const;
    bool upgrade(); ///< restarts; true with the new firmware
    base::Result<std::string> download(const FileUrl& file, FirmwareUpdate& row);
    void on_resync(UdpPort& port, const Message& notify, base::Endpoint from);

    // The life of a phone of the Workpoint Interface, in phone_workpoint.cpp.
    enum class Talked { nowhere, unreachable, wrong, done, restart };

    /// What it is about to do.
    struct Agenda {
        bool calls_back = false;                    ///< a contact-me was accepted
        std::optional<Service> elsewhere;           ///< it named this one, for one contact
        std::optional<base::Steady> contact_heard;  ///< the last one
        std::optional<base::Steady> contact_served; ///< the last one that was accepted
        std::optional<base::Steady> start_at;       ///< once more: the start did not come about
        base::Steady not_before;                    ///< no contact of its own
        bool in_call = false;                       ///< a command said so
        bool inventory = false;                     ///< something was plugged in
        bool restarts = false;
        std::string typed; ///< a command without its end
        bool commands_over = false;
    };

    base::Status plug_in_workpoint();
    base::Status plug_in_contact_port();
    std::optional<Service> service() const;
    bool is_in_call() const;
    base::Duration minutes(std::uint64_t count) const; ///< of its own
    int patience() const;
    Exit start_by_workpoint();
    Exit restart_workpoint();
    Exit judge_talk(Talked talked);
    FileAnswer post(const std::string& message, std::string& cookie, const Service& service);
    Talked talk(std::string_view reason); ///< one interaction
    Talked converse(std::string message, const Service& service);
    std::optional<Talked> take_step(WpiStep& step, std::string& message);
    bool fetch_deployed(const Deployment& file, bool is_firmware);
    std::string told_counts() const;
    void remember_fault(std::string fault);
    void plan_poll();
    bool poll_service();
    void hear_contact_me();
    void hear_commands();
    void obey_command(std::string_view line);
    std::string_view next_errand();
    Exit run_errand(std::string_view errand, Exit exit);
    Exit stay_by_workpoint(Exit exit);

    // Its calls and its leaving, in phone_calls.cpp.
    void attend(base::Steady until); ///< to whatever is due or comes in
    base::Result<std::string> dial(int line);
    Exit call();
    void end_calls();
    Exit judge_calls(Exit exit);
    void unregister();
    void on_invite(UdpPort& port, const Message& invite, base::Endpoint from);

    // What comes in, in phone_hears.cpp.
    void wait_until(base::Steady when); ///< or until something was heard
    bool hear();                        ///< false when it shall end
    void hear(UdpPort& port);
    void on_answer(const Message& answer, base::Endpoint from);
    bool is_foreign(const UdpPort& port, base::Endpoint from) const;
    void on_request(UdpPort& port, const Message& request, base::Endpoint from);
    void on_notify(UdpPort& port, const Message& notify, base::Endpoint from);
    void on_profile(UdpPort& port, const Message& notify, base::Endpoint from);
    void reply(UdpPort& port,
               const Message& request,
               base::Endpoint from,
               int status,
               std::string_view reason,
               std::string_view more = "");
    std::vector<int> descriptors();

    Settings settings_;
    const Vendor& vendor_;
    Trace& trace_;
    int stop_fd_;
    bool stopped_ = false;
    Report report_;
    Flash flash_;
    Place place_;
    std::optional<UdpPort> pnp_;
    std::unique_ptr<Fetcher> fetcher_;
    Answers answers_;
    Lines lines_;
    Calls calls_;
    std::optional<Subscription> subscription_; ///< of this start
    std::optional<Retransmission> asking_;
    bool listening_ = false;  ///< the NOTIFY of this start is still wanted
    std::string offered_url_; ///< by that NOTIFY
    Order order_ = Order::none;
    PhoneTime time_;
    std::optional<base::Steady> next_check_; ///< for new files, or the next poll
    std::optional<Workpoint> workpoint_;
    std::optional<ContactPort> contact_port_;
    Agenda agenda_;
    std::string unreached_; ///< why the service did not answer last
    std::string to_tag_;
    std::string problem_;    ///< of this machine, found on the way
    bool distrusts_ = false; ///< the server of the last walk, whose certificate is not of our CA
};

} // namespace phone
