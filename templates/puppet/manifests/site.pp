# Every Linux image that the Puppet stack is switched on for.
node default {
  include hybrid_base
}
