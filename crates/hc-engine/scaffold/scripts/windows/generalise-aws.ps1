# Generalises a machine for EC2: the launch agent sets it up anew at the first boot of an instance.
$ErrorActionPreference = 'Stop'
& "$env:ProgramFiles\Amazon\EC2Launch\EC2Launch.exe" reset --block
& "$env:ProgramFiles\Amazon\EC2Launch\EC2Launch.exe" sysprep --shutdown=false --block
