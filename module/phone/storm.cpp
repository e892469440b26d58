// SPDX-License-Identifier: MIT
// A socket for each port: IP_PKTINFO says which phone a datagram leaves from, and which it came to.
#include "module/phone/storm.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <queue>
#include <string_view>
#include <system_error>

#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace phone {

namespace {

using base::Errc;
using base::fail;
using base::Result;
using base::Steady;

constexpr std::size_t batch = 64;
constexpr std::size_t slot = 2048;
constexpr std::size_t ports = 4;
constexpr int receive_buffer = 512 << 20; ///< what is lost is to be lost at the other end

struct Asking {
    DialogIds ids;
    std::string text;
    Steady began{};
    Retransmission repeats{Timing{}};
    bool has_ok = false;
    bool has_own_ok = false; ///< one with its Call-ID
    bool is_done = false;
};

struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(std::uint32_t))> bytes;
};

/// Datagrams on their way out.
class Outbox {
  public:
    Outbox(int fd, int interface_index) : fd_(fd), interface_index_(interface_index) {}

    void add(std::string bytes, base::Ipv4 from, base::Endpoint to) {
        texts_[count_] = std::move(bytes);
        targets_[count_] = to.sockaddr();
        sources_[count_] = from;
        if (++count_ == batch) {
            flush();
        }
    }

    void flush() {
        for (std::size_t at = 0; at < count_; ++at) {
            fill(at);
        }
        for (std::size_t sent = 0; sent < count_;) {
            const int done = ::sendmmsg(fd_, messages_.data() + sent,
                                        static_cast<unsigned>(count_ - sent), MSG_NOSIGNAL);
            // What the system does not take is lost on the way, as a phone's datagram would be.
            sent += done > 0 ? static_cast<std::size_t>(done) : errno == EINTR ? 0 : 1;
        }
        count_ = 0;
    }

  private:
    void fill(std::size_t at) {
        parts_[at] = {texts_[at].data(), texts_[at].size()};
        msghdr& head = messages_[at].msg_hdr;
        head = {};
        head.msg_name = &targets_[at];
        head.msg_namelen = sizeof targets_[at];
        head.msg_iov = &parts_[at];
        head.msg_iovlen = 1;
        head.msg_control = controls_[at].bytes.data();
        head.msg_controllen = CMSG_SPACE(sizeof(in_pktinfo));
        cmsghdr* info_head = CMSG_FIRSTHDR(&head);
        info_head->cmsg_level = IPPROTO_IP;
        info_head->cmsg_type = IP_PKTINFO;
        info_head->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
        in_pktinfo info{};
        info.ipi_ifindex = interface_index_;
        info.ipi_spec_dst.s_addr = htonl(sources_[at].value);
        std::memcpy(CMSG_DATA(info_head), &info, sizeof info);
    }

    int fd_;
    int interface_index_;
    std::size_t count_ = 0;
    std::array<std::string, batch> texts_;
    std::array<sockaddr_in, batch> targets_{};
    std::array<base::Ipv4, batch> sources_{};
    std::array<iovec, batch> parts_{};
    std::array<Control, batch> controls_{};
    std::array<mmsghdr, batch> messages_{};
};

/// The value of a header; the responder writes long names and one blank.
std::string_view value_of(std::string_view message, std::string_view name) {
    const auto at = message.find(name);
    if (at == std::string_view::npos) {
        return {};
    }
    const auto begin = at + name.size();
    return message.substr(begin, message.find("\r\n", begin) - begin);
}

/// RFC 3261 8.2.6: what a 200 copies from its request.
std::string ok_for(std::string_view request) {
    std::string ok = "SIP/2.0 200 OK\r\n";
    for (auto at = request.find("\r\n"); at != std::string_view::npos;) {
        const auto begin = at + 2;
        at = request.find("\r\n", begin);
        const auto line = request.substr(begin, at - begin);
        if (line.empty()) {
            break;
        }
        for (const std::string_view name : {"Via:", "From:", "To:", "Call-ID:", "CSeq:"}) {
            if (line.substr(0, name.size()) == name) {
                ok.append(line).append("\r\n");
            }
        }
    }
    return ok + "Content-Length: 0\r\n\r\n";
}

/// The body of a NOTIFY; empty where it is no URL.
std::string_view url_in(std::string_view notify) {
    const auto body = notify.find("\r\n\r\n");
    if (body == std::string_view::npos || notify.substr(body + 4, 4) != "http" ||
        value_of(notify, "\r\nContent-Type: ") != "application/url") {
        return {};
    }
    return notify.substr(body + 4);
}

/// Whether the request goes to the Contact of the SUBSCRIBE, which names the phone's MAC, address
/// and port.
bool is_for(std::string_view request, std::string_view subscribe) {
    const auto begin = request.find(' ') + 1;
    const auto uri = request.substr(begin, request.find(' ', begin) - begin);
    const auto contact = value_of(subscribe, "\r\nContact: ");
    return contact.size() == uri.size() + 2 && contact.substr(1, uri.size()) == uri;
}

class Storm {
  public:
    Storm(const Settings& settings, int phones, int per_second, int stop_fd)
        : settings_(settings), per_second_(per_second), stop_fd_(stop_fd),
          first_(settings.address.value_or(base::Ipv4{})),
          phones_(static_cast<std::size_t>(phones)) {
        report_.phones = phones;
    }

    base::Status open();
    StormReport run();

  private:
    /// Of the phones at one port.
    struct Door {
        base::Fd fd;
        std::optional<Outbox> outbox;
        std::uint32_t lost = 0;
    };

    base::Ipv4 address_of(std::size_t number) const {
        return {first_.value + static_cast<std::uint32_t>(number)};
    }

    /// Phones that ask in one batch have one port, so that the batch stays one.
    static std::size_t door_of(std::size_t number) { return number / batch % ports; }

    base::Status open_door(std::size_t which, std::uint16_t port, int interface_index);
    void ask(std::size_t number, Steady now);
    void plug_in(Steady now);
    void ask_again(Steady now);
    void drain(std::size_t which);
    void flush();
    void
    on_datagram(std::string_view bytes, std::size_t which, base::Ipv4 local, base::Endpoint source);
    void finish(Asking& phone, std::string_view notify);
    void count_urls();

    const Settings& settings_;
    int per_second_;
    int stop_fd_;
    base::Ipv4 first_;
    std::vector<Asking> phones_;
    std::size_t asked_ = 0;
    std::size_t done_ = 0;
    Steady start_{};
    std::array<Door, ports> doors_;
    std::vector<std::size_t> urls_; ///< their hashes
    std::vector<char> bytes_ = std::vector<char>(batch * slot);
    using Turn = std::pair<Steady, std::size_t>;
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns_; ///< of those that wait
    StormReport report_;
};

base::Status Storm::open_door(std::size_t which, std::uint16_t port, int interface_index) {
    auto fd = base::udp_socket({{0}, port});
    if (!fd) {
        return tl::unexpected(fd.error());
    }
    ip_mreqn leaves{};
    leaves.imr_ifindex = interface_index;
    const int on = 1;
    if (::setsockopt(fd->get(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer,
                     sizeof receive_buffer) != 0 ||
        ::setsockopt(fd->get(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0 ||
        ::setsockopt(fd->get(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on) != 0 ||
        ::setsockopt(fd->get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof on) != 0 ||
        ::setsockopt(fd->get(), IPPROTO_IP, IP_MULTICAST_IF, &leaves, sizeof leaves) != 0) {
        return fail(Errc::io, "a storm's socket needs root: {}",
                    std::system_category().message(errno));
    }
    doors_.at(which).outbox.emplace(fd->get(), interface_index);
    doors_.at(which).fd = std::move(*fd);
    return {};
}

base::Status Storm::open() {
    const auto interface_index = static_cast<int>(if_nametoindex(settings_.interface.c_str()));
    if (interface_index == 0) {
        return fail(Errc::not_found, "there is no interface {}",
                    base::printable(settings_.interface));
    }
    const auto port_of =
        [first = settings_.local_port.value_or(settings_.vendor->pnp_port)](std::size_t which) {
            return static_cast<std::uint16_t>(first + which);
        };
    for (std::size_t which = 0; which < ports; ++which) {
        if (auto opened = open_door(which, port_of(which), interface_index); !opened) {
            return opened;
        }
    }
    for (std::size_t number = 0; number < phones_.size(); ++number) {
        const base::Endpoint local{address_of(number), port_of(door_of(number))};
        auto identity = settings_.identity;
        identity.mac = base::Mac::from_number(identity.mac.number() + number);
        auto& phone = phones_[number];
        phone.ids = settings_.vendor->new_dialog(local);
        phone.text =
            settings_.vendor->subscribe(identity, phone.ids, local, settings_.group.address);
    }
    urls_.reserve(phones_.size());
    return {};
}

void Storm::ask(std::size_t number, Steady now) {
    auto& phone = phones_[number];
    phone.repeats.sent(now);
    doors_.at(door_of(number)).outbox->add(phone.text, address_of(number), settings_.group);
    const auto next = phone.repeats.next();
    if (next && *next < phone.began + settings_.wait) {
        turns_.emplace(*next, number);
    }
}

void Storm::plug_in(Steady now) {
    std::size_t due = phones_.size();
    if (per_second_ > 0) {
        const auto elapsed = std::chrono::duration<double>(now - start_).count();
        due = std::min(due, static_cast<std::size_t>(elapsed * per_second_) + 1);
    }
    // A batch at a time, so that the answers to the first are read while the last still ask.
    for (const auto end = std::min(due, asked_ + batch); asked_ < end; ++asked_) {
        phones_[asked_].began = now;
        ask(asked_, now);
    }
}

void Storm::ask_again(Steady now) {
    while (!turns_.empty() && turns_.top().first <= now) {
        const auto number = turns_.top().second;
        turns_.pop();
        if (const auto& phone = phones_[number]; !phone.has_ok && !phone.is_done) {
            ++report_.repeats;
            ask(number, now);
        }
    }
}

void Storm::finish(Asking& phone, std::string_view notify) {
    const auto now = std::chrono::steady_clock::now();
    phone.is_done = true;
    ++done_;
    if (now - phone.began > settings_.wait) {
        return; // it has given up
    }
    ++report_.answered;
    report_.times.push_back(
        std::chrono::duration_cast<std::chrono::microseconds>(now - phone.began));
    report_.took = std::chrono::duration_cast<std::chrono::microseconds>(now - start_);
    const auto url = url_in(notify);
    if (phone.has_own_ok && !url.empty() && is_for(notify, phone.text) &&
        value_of(notify, "\r\nCall-ID: ") == phone.ids.call_id) {
        ++report_.right;
        report_.at_first += phone.repeats.count() == 1 ? 1 : 0;
        urls_.push_back(std::hash<std::string_view>{}(url));
    }
}

void Storm::on_datagram(std::string_view bytes,
                        std::size_t which,
                        base::Ipv4 local,
                        base::Endpoint source) {
    const auto number = std::size_t{local.value} - first_.value;
    if (local.value < first_.value || number >= asked_ || door_of(number) != which) {
        ++report_.strange;
        return;
    }
    auto& phone = phones_[number];
    if (bytes.substr(0, 12) == "SIP/2.0 200 ") {
        phone.has_ok = true;
        phone.has_own_ok |= value_of(bytes, "\r\nCall-ID: ") == phone.ids.call_id;
    } else if (bytes.substr(0, 7) == "NOTIFY ") {
        doors_.at(which).outbox->add(ok_for(bytes), local, source);
        if (!phone.is_done) {
            finish(phone, bytes);
        }
    } else {
        ++report_.strange;
    }
}

void Storm::flush() {
    for (auto& door : doors_) {
        door.outbox->flush();
    }
}

void Storm::count_urls() {
    std::sort(urls_.begin(), urls_.end());
    report_.urls =
        static_cast<int>(std::distance(urls_.begin(), std::unique(urls_.begin(), urls_.end())));
}

void Storm::drain(std::size_t which) {
    auto& door = doors_.at(which);
    std::array<mmsghdr, batch> messages{};
    std::array<iovec, batch> parts{};
    std::array<sockaddr_in, batch> sources{};
    std::array<Control, batch> controls{};
    for (std::size_t at = 0; at < batch; ++at) {
        parts[at] = {bytes_.data() + at * slot, slot};
        msghdr& head = messages[at].msg_hdr;
        head.msg_name = &sources[at];
        head.msg_namelen = sizeof sources[at];
        head.msg_iov = &parts[at];
        head.msg_iovlen = 1;
        head.msg_control = controls[at].bytes.data();
        head.msg_controllen = controls[at].bytes.size();
    }
    const int count = ::recvmmsg(door.fd.get(), messages.data(), batch, MSG_DONTWAIT, nullptr);
    for (int each = 0; each < count; ++each) {
        const auto at = static_cast<std::size_t>(each);
        msghdr& head = messages[at].msg_hdr;
        base::Ipv4 local{};
        for (cmsghdr* told = CMSG_FIRSTHDR(&head); told != nullptr;
             told = CMSG_NXTHDR(&head, told)) {
            if (told->cmsg_level == IPPROTO_IP && told->cmsg_type == IP_PKTINFO) {
                in_pktinfo info{};
                std::memcpy(&info, CMSG_DATA(told), sizeof info);
                local.value = ntohl(info.ipi_addr.s_addr);
            } else if (told->cmsg_level == SOL_SOCKET && told->cmsg_type == SO_RXQ_OVFL) {
                std::memcpy(&door.lost, CMSG_DATA(told), sizeof door.lost);
            }
        }
        on_datagram({bytes_.data() + at * slot, messages[at].msg_len}, which, local,
                    base::Endpoint::from(sources[at]));
    }
}

StormReport Storm::run() {
    start_ = std::chrono::steady_clock::now();
    auto last_asked = start_;
    while (done_ < phones_.size()) {
        const auto now = std::chrono::steady_clock::now();
        if (asked_ < phones_.size()) {
            last_asked = now;
        } else if (now - last_asked > settings_.wait) {
            break;
        }
        plug_in(now);
        ask_again(now);
        flush();
        for (std::size_t which = 0; which < ports; ++which) {
            drain(which);
        }
        flush();
        const bool more_to_ask = asked_ < phones_.size() && per_second_ == 0;
        std::array<pollfd, ports + 1> ready{};
        for (std::size_t which = 0; which < ports; ++which) {
            ready.at(which) = {doors_.at(which).fd.get(), POLLIN, 0};
        }
        ready.back() = {stop_fd_, POLLIN, 0};
        ::poll(ready.data(), ready.size(), more_to_ask ? 0 : asked_ < phones_.size() ? 1 : 20);
        if ((ready.back().revents & POLLIN) != 0) {
            break;
        }
    }
    for (const auto& door : doors_) {
        report_.lost_here += door.lost;
    }
    count_urls();
    std::sort(report_.times.begin(), report_.times.end());
    return std::move(report_);
}

} // namespace

base::Json StormReport::json() const {
    const auto time = [this](std::size_t per_mille) {
        return std::int64_t{times.empty() ? 0
                                          : times[(times.size() - 1) * per_mille / 1000].count()};
    };
    return base::Json::object({{"phones", phones},
                               {"answered", answered},
                               {"right", right},
                               {"urls", urls},
                               {"right_at_first", at_first},
                               {"repeats", repeats},
                               {"strange", strange},
                               {"lost_here", std::int64_t{lost_here}},
                               {"us_median", time(500)},
                               {"us_99", time(990)},
                               {"us_last", time(1000)},
                               {"took_us", std::int64_t{took.count()}}});
}

Result<StormReport> run_storm(const Settings& settings, int phones, int per_second, int stop_fd) {
    Storm storm(settings, phones, per_second, stop_fd);
    if (auto opened = storm.open(); !opened) {
        return tl::unexpected(opened.error());
    }
    return storm.run();
}

} // namespace phone
