# @summary Banner before the login, and who may use cron.
#
# @param banner
#   Text shown before a login over the network.
# @param cron_users
#   Accounts that may have crontabs; everybody else may not.
class hybrid_base (
  String $banner,
  Array[String] $cron_users,
) {
  file { '/etc/issue.net':
    ensure  => file,
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    content => "${banner}\n",
  }

  file { '/etc/cron.allow':
    ensure  => file,
    owner   => 'root',
    group   => 'root',
    mode    => '0640',
    content => "${join($cron_users, "\n")}\n",
  }
}
